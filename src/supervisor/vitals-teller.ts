import { detachedEntry } from "../base/index.ts";
import type { Clock, Milliseconds, Wheel } from "../base/index.ts";
import { Sketch } from "../health/index.ts";
import type { HealthSignal, VitalSigns } from "../health/index.ts";
import type { Backend, Pool } from "../pool/index.ts";

import type { BackendVitals } from "./messages.ts";

/** How often a worker tells what it has seen of backends. */
const TELL_INTERVAL_MS: Milliseconds = 1_000;

/** What a worker needs for it. */
export interface VitalsWorld {
  readonly wheel: Wheel;
  readonly clock: Clock;
  readonly pools: () => Iterable<Pool>;
  readonly tell: (vitals: readonly BackendVitals[]) => void;
}

/** What has been seen of one backend since it was last told. */
class Seen {
  attempts = 0;
  failures = 0;
  lost = 0;
  handshakes = new Sketch();
  rtts = new Sketch();
  /** Tunnels that were open when it was last told, and those opened until then. */
  private open: number;
  private tunnels: number;

  constructor({ open, tunnels }: Backend["counters"]) {
    this.open = open;
    this.tunnels = tunnels;
  }

  /** What is to be told now; begins anew. Undefined when there is nothing. */
  take({ open, tunnels }: Backend["counters"], time: Milliseconds): VitalSigns | undefined {
    const { handshakes, rtts } = this;
    const tunnelMs = ((this.open + open) / 2) * time;
    const opened = tunnels - this.tunnels;
    // Plain answers that are cut off give the same signal. No more tunnels can be lost than there were.
    const cut = Math.max(0, this.lost - this.open - opened);
    const [attempts, failures, lost] = [this.attempts + cut, this.failures + cut, this.lost - cut];
    const signs = { attempts, failures, lost, open: this.open, opened, tunnelMs };
    this.open = open;
    this.tunnels = tunnels;
    if (attempts + lost + tunnelMs + rtts.size === 0) return undefined;
    this.attempts = 0;
    this.failures = 0;
    this.lost = 0;
    this.handshakes = new Sketch();
    this.rtts = new Sketch();
    return { ...signs, handshakes: handshakes.buckets(), rtts: rtts.buckets() };
  }
}

/** Gathers, in a worker, what outliers are found by, and tells it about once a second. Pools that look for none cost nothing. */
export class VitalsTeller {
  private readonly world: VitalsWorld;
  private readonly seen = new Map<Backend, Seen>();
  private toldAt: Milliseconds;

  constructor(world: VitalsWorld) {
    this.world = world;
    this.toldAt = world.clock.now();
    world.wheel.add(
      detachedEntry(() => this.tell()),
      TELL_INTERVAL_MS,
    );
  }

  note(pool: Pool, backend: Backend, signal: HealthSignal): void {
    const seen = this.of(pool, backend);
    if (seen === undefined) return;
    if (signal === "unexpected-close" || signal === "heartbeat-timeout") {
      seen.lost += 1;
      return;
    }
    seen.attempts += 1;
    if (signal !== "success") seen.failures += 1;
  }

  /** A handshake was answered, or a heartbeat, after this time. */
  noteTime(pool: Pool, backend: Backend, what: "handshake" | "heartbeat", time: Milliseconds): void {
    const seen = this.of(pool, backend);
    if (what === "handshake") seen?.handshakes.add(time);
    else seen?.rtts.add(time);
  }

  private of(pool: Pool, backend: Backend): Seen | undefined {
    if (pool.config.health.outliers === "off") return undefined;
    let seen = this.seen.get(backend);
    if (seen === undefined) this.seen.set(backend, (seen = new Seen(backend.counters)));
    return seen;
  }

  private tell(): Milliseconds {
    const now = this.world.clock.now();
    const time = now - this.toldAt;
    this.toldAt = now;
    const vitals: BackendVitals[] = [];
    const present = new Set<Backend>();
    for (const pool of this.world.pools()) {
      for (const backend of pool.members) {
        const signs = this.of(pool, backend)?.take(backend.counters, time);
        present.add(backend);
        if (signs !== undefined) vitals.push([pool.name, backend.name, signs]);
      }
    }
    for (const backend of this.seen.keys()) if (!present.has(backend)) this.seen.delete(backend);
    if (vitals.length > 0) this.world.tell(vitals);
    return TELL_INTERVAL_MS;
  }
}
