import { isDeepStrictEqual } from "node:util";

import { detachedEntry } from "../base/index.ts";
import type { Clock, Logger, Milliseconds, Random, Wheel } from "../base/index.ts";
import type { BackendConfig, PoolConfig } from "../config/index.ts";
import {
  beginProbe,
  endEjection,
  inheritHealth,
  initialHealth,
  observeActive,
  observeHealth,
  observeProbe,
  VitalsWindow,
} from "../health/index.ts";
import type { ActiveOptions, HealthChange, HealthSignal, HealthState } from "../health/index.ts";
import type { probe, ProbeFinding, ProbeQuestion } from "../probes/index.ts";

/** What the care of a backend's health needs of its instance. */
export interface PatientWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly wheel: Wheel;
  /** Asks a backend whether it is well. */
  readonly probe: typeof probe;
  /** Told of every change, of those without another status too. */
  readonly changed: (patient: Patient, before: HealthState) => void;
  /** A backend has said in its answer to a probe how loaded it is, 0 to 1. */
  readonly reportedLoad: (pool: string, backend: string, load: number) => void;
}

/** Within this time the first active probe of a backend begins, at random, where the interval is not shorter. */
const FIRST_PROBE_WITHIN_MS: Milliseconds = 1_000;

/** Why an ejection ends that is not configured any more. */
const NO_OUTLIERS = "ejected, but outliers are not looked for any more";

/** One backend, all that is known of its health, and what is due: probes, and the end of its ejection. */
export class Patient {
  pool: PoolConfig;
  backend: BackendConfig;
  state: HealthState;
  /** What workers have lately seen of it. */
  readonly vitals = new VitalsWindow();

  private readonly world: PatientWorld;
  /** For the next step of its state. */
  private readonly timer = detachedEntry(() => this.step());
  /** For the next active probe. */
  private readonly pulse = detachedEntry(() => this.beat());
  /** Of the active probe, and of the recovery's, that is under way. */
  private asking: AbortController | undefined;
  private recovering: AbortController | undefined;
  /** The state that it began with here; another one means that something has been learnt since. */
  private begun: HealthState;
  /** What it was last told to go on from. */
  private heirloom: HealthState | undefined;
  private isNeeded = false;
  private hasLeft = false;

  constructor(pool: PoolConfig, backend: BackendConfig, world: PatientWorld) {
    this.pool = pool;
    this.backend = backend;
    this.world = world;
    this.state = initialHealth(world.clock.now());
    this.begun = this.state;
    this.beginPulse();
  }

  /** What is known stays, what is said of it changes. */
  regard(pool: PoolConfig, backend: BackendConfig): void {
    const { health, tls } = this.pool;
    this.pool = pool;
    this.backend = backend;
    const isAskedAlike = isDeepStrictEqual([health.active, tls], [pool.health.active, pool.tls]);
    if (!isAskedAlike) {
      // What is under way asks for what nobody wants to know any more.
      this.giveUpAsking();
      this.beginPulse();
    }
    if (pool.health.active !== "off") this.giveUpRecovering();
    if (pool.health.outliers === "off") {
      this.take(endEjection(this.state, this.world.clock.now(), NO_OUTLIERS));
    }
    this.schedule();
  }

  /** It is nobody's any more, or everything stops: what is under way is given up. */
  leave(): void {
    this.hasLeft = true;
    this.giveUpAsking();
    this.giveUpRecovering();
    this.world.wheel.remove(this.timer);
    this.world.wheel.remove(this.pulse);
  }

  /**
   * Goes on from what the process before knew.
   *
   * @param state by this process's clock
   * @returns whether that changes anything: what has been learnt here since counts more
   */
  inherit(state: HealthState): boolean {
    if (this.state !== this.begun || isDeepStrictEqual(state, this.heirloom)) return false;
    this.heirloom = state;
    const now = this.world.clock.now();
    const { health } = this.pool;
    const inherited = inheritHealth(state, now, health);
    const freed = health.outliers === "off" ? endEjection(inherited, now, NO_OUTLIERS).state : inherited;
    this.state = freed;
    this.begun = freed;
    this.schedule();
    return true;
  }

  /** Whether nobody of its pool is well: active probes are as frequent as a recovery's then, and one good one is enough. */
  need(isNeeded: boolean): void {
    if (isNeeded === this.isNeeded) return;
    this.isNeeded = isNeeded;
    const { active } = this.pool.health;
    if (isNeeded && active !== "off" && !this.hasLeft) this.world.wheel.add(this.pulse, this.pulseInterval(active));
  }

  /** Something was seen of it. */
  observe(signal: HealthSignal): void {
    const { clock, random } = this.world;
    this.take(observeHealth(this.state, signal, clock.now(), this.pool.health, random));
  }

  /** From now on its state is this. */
  take({ state }: HealthChange): void {
    if (state === this.state) return;
    const before = this.state;
    this.state = state;
    // Whoever is back is judged by what is seen from now on.
    if (state.status === "healthy" && before.status !== "healthy") this.vitals.clear();
    this.schedule();
    this.world.changed(this, before);
  }

  /** Active probes take the place of those of a recovery. */
  private schedule(): void {
    const { wheel, clock } = this.world;
    wheel.remove(this.timer);
    if (this.hasLeft) return;
    const { status, probeAt } = this.state;
    const waits = status === "ejected" || (status !== "healthy" && this.pool.health.active === "off");
    if (waits) wheel.add(this.timer, Math.max(1, probeAt - clock.now()));
  }

  private step(): number {
    const { clock, random } = this.world;
    if (this.state.status === "ejected") {
      this.take(endEjection(this.state, clock.now()));
      return 0;
    }
    if (this.state.status === "healthy") return 0;
    const { health } = this.pool;
    this.take(beginProbe(this.state, clock.now(), health));
    this.giveUpRecovering();
    const { signal } = (this.recovering = new AbortController());
    void this.ask({ kind: "recovery", ...health.probe }, signal).then(({ failure }) => {
      if (signal.aborted) return;
      this.take(observeProbe(this.state, failure?.signal ?? "success", clock.now(), this.pool.health, random));
    });
    return 0;
  }

  private beginPulse(): void {
    const { wheel, random } = this.world;
    const { active } = this.pool.health;
    wheel.remove(this.pulse);
    if (active !== "off") wheel.add(this.pulse, random() * Math.min(active.interval, FIRST_PROBE_WITHIN_MS));
  }

  /** The next active probe is due. One that still waits for its answer is not overtaken. */
  private beat(): Milliseconds {
    const { clock, random } = this.world;
    const { active } = this.pool.health;
    if (active === "off") return 0;
    if (this.asking === undefined) {
      const { signal } = (this.asking = new AbortController());
      void this.ask(active, signal).then(({ failure }) => {
        if (signal.aborted) return;
        this.asking = undefined;
        const asked = this.isNeeded ? { ...active, rise: 1 } : active;
        this.take(observeActive(this.state, failure?.reason, clock.now(), this.pool.health, asked, random));
      });
    }
    return this.pulseInterval(active);
  }

  private pulseInterval({ interval, jitter }: ActiveOptions): Milliseconds {
    const longest = this.isNeeded ? Math.min(interval, this.pool.health.probe.interval) : interval;
    return longest * (1 - jitter * this.world.random());
  }

  private giveUpAsking(): void {
    this.asking?.abort();
    this.asking = undefined;
  }

  private giveUpRecovering(): void {
    this.recovering?.abort();
    this.recovering = undefined;
  }

  /** Never rejects: a probe that cannot even be sent has failed. */
  private async ask(question: ProbeQuestion, signal: AbortSignal): Promise<ProbeFinding> {
    const { logger, probe, reportedLoad } = this.world;
    const [pool, backend] = [this.pool.name, this.backend.name];
    try {
      const finding = await probe(this.backend, this.pool.tls, question, signal);
      if (signal.aborted) return finding;
      if (finding.load !== undefined) reportedLoad(pool, backend, finding.load);
      if (finding.failure !== undefined) logger.debug({ pool, backend }, `a probe failed: ${finding.failure.reason}`);
      return finding;
    } catch (error) {
      return { failure: { signal: "dial-failed", reason: String(error) }, rttMs: undefined, load: undefined };
    }
  }
}
