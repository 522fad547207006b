import { detachedEntry, FairleadError } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";
import type { RehomeOptions } from "../config/index.ts";
import { headerValue, withHeader } from "../http/index.ts";
import type { RawHeaders, RequestFacts } from "../http/index.ts";
import type { Backend, Pool, Seeker } from "../pool/index.ts";
import { Dial, dismiss, Home, TRUTH } from "../relay/index.ts";
import type { DialLimits, DialOutcome, HomeFinder, Search } from "../relay/index.ts";
import { agreedText, resetsServerContext } from "../websocket/index.ts";
import type { UpgradeRequest } from "../websocket/index.ts";

import { followDial } from "./follow-dial.ts";
import type { Gateway } from "./gateway.ts";
import { PIN_HEADER } from "./outcomes.ts";
import type { PoolEntry } from "./plan.ts";
import { Traffic } from "./traffic.ts";
import type { TunnelLife } from "./tunnel-life.ts";

/** A client's handshake, as far as every backend that is tried needs it. */
export interface Handshake {
  readonly facts: RequestFacts;
  /** Text of the request, as it goes out. */
  readonly head: string;
  readonly upgrade: UpgradeRequest;
}

const SECOND_MS = 1_000;
/** Share of the time without a backend that each half of a dial may take. */
const DIAL_SHARE = 0.4;
const ASK_AGAIN_MS: Milliseconds = 100;
const ASK_AGAIN_MAX_MS: Milliseconds = 400;
const NOBODY: readonly Backend[] = [];

/**
 * Finds other backends for one tunnel: each gets the client's own handshake, and has to answer it as the first one did.
 *
 * Neither affinity nor the backend that is left is asked. What becomes of an attempt counts like that of any dial.
 */
export class Rehoming implements HomeFinder {
  readonly home: Home;
  /** The tunnel has left its backend and has none. */
  isHomeless = false;
  /** What the tunnel had carried when it came to its present backend; undefined: it is with its first. */
  before: Traffic | undefined;
  private readonly gateway: Gateway;
  private readonly life: TunnelLife;
  private readonly handshake: Handshake;
  /** What the first backend has settled with the client. */
  private readonly agreed: string;
  private current: Search | undefined;
  private startedAt = 0;
  private dial: Dial | undefined;
  private leaveQueue: (() => void) | undefined;
  /** Those that have answered this search, but not as the first one did: they would do so again. */
  private unfit: readonly Backend[] = NOBODY;

  /** @param answer headers of the first backend's */
  constructor(gateway: Gateway, life: TunnelLife, options: RehomeOptions, handshake: Handshake, answer: RawHeaders) {
    this.gateway = gateway;
    this.life = life;
    this.handshake = handshake;
    this.agreed = agreedText(answer);
    // Of messages that build on one another none can be left out.
    this.home = new Home(resetsServerContext(answer) ? options : { ...options, swallowReplies: 0 }, this);
  }

  /** Whether a backend is still wanted. */
  get isWanted(): boolean {
    return this.current !== undefined;
  }

  /** Time since the tunnel's last data: those that are in use come first. */
  get idleMs(): number {
    return this.life.idleMs;
  }

  search(search: Search): void {
    const { pool } = this.life;
    this.current = search;
    this.unfit = NOBODY;
    this.startedAt = this.gateway.world.clock.now();
    this.life.leaveBackend(search.reason === "hand-over" ? "success" : TRUTH[search.reason].health);
    this.isHomeless = true;
    this.gateway.world.meters.lost(pool.name, search.lost);
    this.gateway.rehomings.add(pool.name, this);
  }

  /** What the tunnel has carried so far has been counted. */
  noteCarried(): void {
    this.before = new Traffic();
    this.before.addTunnel(this.life.tunnel);
  }

  searchOver(): void {
    if (this.current === undefined) return;
    this.settled("failed");
    this.dial?.abort();
    this.leaveQueue?.();
  }

  /** Looks for a backend until there is one, or none is wanted any more. Never rejects. */
  async run(): Promise<void> {
    const { current: search, gateway } = this;
    if (search === undefined) return;
    const entry = gateway.plan.entries.get(this.life.pool.name);
    try {
      if (entry !== undefined) await this.tryAgainAndAgain(entry, search);
    } catch (error) {
      gateway.world.logger.error({ err: error, id: this.life.draft.id }, "a re-homing failed unexpectedly");
    }
    // The backend that took it may be gone by now, which is another search.
    if (this.current === search) this.home.strand();
  }

  /** Tries one candidate after the other, and all of them again while one is wanted. */
  private async tryAgainAndAgain(entry: PoolEntry, search: Search): Promise<void> {
    for (let round = 0; this.isSearching(search); round += 1) {
      const spared = round === 0 ? [this.life.backend] : [];
      if ((await this.tryAll(entry, search, spared)) || !this.mayChange(entry)) return;
      await this.pause(Math.min(ASK_AGAIN_MS * 2 ** round, ASK_AGAIN_MAX_MS));
    }
  }

  /** True when one has taken the tunnel. @param spared not tried this time */
  private async tryAll(entry: PoolEntry, search: Search, spared: readonly Backend[]): Promise<boolean> {
    const { pool } = entry;
    const failed = [...this.unfit, ...spared];
    const seeker: Seeker = { kind: "tunnel", facts: this.handshake.facts, failed, leaves: true };
    let tries = 0;
    while (tries < pool.config.dial.maxAttempts && this.isSearching(search)) {
      const backend = pool.claim(seeker) ?? (await this.wait(pool, seeker));
      if (backend === undefined) {
        if (!pool.isOverloaded(seeker)) break;
        await this.pause(ASK_AGAIN_MS);
      } else if (this.current !== search) pool.release(backend);
      else if (await this.attempt(entry, backend)) return true;
      else {
        failed.push(backend);
        tries += 1;
      }
    }
    return false;
  }

  /** Whether it is still this search that goes on. */
  private isSearching(search: Search): boolean {
    return this.current === search && !this.gateway.draining;
  }

  /** Whether one may take the tunnel later that has not now: a server that starts again, or one that is added. */
  private mayChange({ pool }: PoolEntry): boolean {
    return pool.members.some((backend) => !this.unfit.includes(backend));
  }

  /** Waits for a place in the pool's queue; at once undefined where there is none. */
  private async wait(pool: Pool, seeker: Seeker): Promise<Backend | undefined> {
    const waiter = pool.wait(seeker);
    if (waiter === undefined) return undefined;
    this.leaveQueue = waiter.leave;
    const backend = await waiter.place;
    this.leaveQueue = undefined;
    return backend;
  }

  /** Backends that are there but full, paced or gone are asked again, for as long as one is wanted. */
  private pause(time: Milliseconds): Promise<void> {
    return new Promise((resolve) => {
      const entry = detachedEntry(() => {
        resolve();
        return 0;
      });
      this.gateway.world.wheel.add(entry, time);
    });
  }

  /** Dials one backend, whose place it has; true when the tunnel is joined to it. */
  private async attempt(entry: PoolEntry, backend: Backend): Promise<boolean> {
    const { pool, upstream } = entry;
    const { head, upgrade } = this.handshake;
    let joined = false;
    try {
      const text = withHeader(head, "Fairlead-Rehome", this.headerValue());
      this.dial = new Dial(upstream.target(backend.config), text, upgrade, this.limitsOf(pool), this.gateway.world);
      joined = this.take(backend, await followDial(this.gateway, pool, backend, this.dial, this.life.draft.id));
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error;
    } finally {
      this.dial = undefined;
      if (!joined) pool.release(backend);
    }
    return joined;
  }

  /** One candidate that does not answer must not take all the time that there is. */
  private limitsOf({ config: { dial } }: Pool): DialLimits {
    const longest = this.home.options.timeout * DIAL_SHARE;
    return {
      connectTimeout: Math.min(dial.connectTimeout, longest),
      handshakeTimeout: Math.min(dial.handshakeTimeout, longest),
    };
  }

  private headerValue(): string {
    const { count = 0, reason = "drain", lost = 0 } = this.current ?? {};
    return `${count}; reason=${reason}; tunnel=${this.life.draft.id}; lost=${lost}`;
  }

  private take(backend: Backend, outcome: DialOutcome): boolean {
    const { world } = this.gateway;
    const { tunnel, draft } = this.life;
    if (outcome.kind === "refused") {
      world.logger.warn(
        { id: draft.id, backend: backend.name, status: outcome.response.status },
        "a re-homing was refused",
      );
      outcome.leg.destroy();
      this.unfit = [...this.unfit, backend];
      return false;
    }
    const leg = world.driver.drive(outcome.leg);
    const { wheel } = world;
    if (agreedText(outcome.response.headers) !== this.agreed) {
      world.logger.warn({ id: draft.id, backend: backend.name }, "the answer is not the one that the client has got");
      dismiss(leg, wheel, tunnel.options.closeTimeout);
      this.unfit = [...this.unfit, backend];
      return false;
    }
    if (tunnel.options.heartbeat === "off") leg.keepAlive();
    if (!this.isWanted) {
      dismiss(leg, wheel, tunnel.options.closeTimeout);
      return false;
    }
    this.settled("rehomed");
    // Counted before the tunnel goes on: it may lose this one in the same moment.
    this.isHomeless = false;
    this.life.enterBackend(backend, headerValue(outcome.response.headers, PIN_HEADER) !== undefined);
    if (this.home.join(leg, outcome.agreement, outcome.early)) return true;
    throw new Error("a backend was wanted, and then it was not");
  }

  private settled(outcome: "rehomed" | "failed"): void {
    const search = this.current;
    if (search === undefined) return;
    this.current = undefined;
    const seconds = (this.gateway.world.clock.now() - this.startedAt) / SECOND_MS;
    this.gateway.world.meters.rehomed(this.life.pool.name, search.reason, outcome, seconds);
  }
}
