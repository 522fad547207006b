import { detachedEntry, FairleadError } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";
import type { RehomeOptions } from "../config/index.ts";
import { headerValue, withHeader } from "../http/index.ts";
import type { RawHeaders, RequestFacts } from "../http/index.ts";
import type { Backend, Pool, Seeker } from "../pool/index.ts";
import { Dial, dismiss, Home, TRUTH } from "../relay/index.ts";
import type { DialLimits, DialOutcome, HomeFinder, RehomeReason, Search } from "../relay/index.ts";
import { agreedText, agreedWords, resetsServerContext } from "../websocket/index.ts";
import type { UpgradeRequest } from "../websocket/index.ts";

import { followDial } from "./follow-dial.ts";
import type { Gateway } from "./gateway.ts";
import { PIN_HEADER } from "./outcomes.ts";
import { Traffic } from "./traffic.ts";
import type { TunnelLife } from "./tunnel-life.ts";
import type { Upstream } from "./upstream.ts";

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
/** What has failed may be tried again after this time, even while a place with another one is waited for. */
const FORGET_MS: Milliseconds = 1_000;
const NOBODY: readonly Backend[] = [];

/**
 * Finds other backends for one tunnel: each gets the client's own handshake, and has to answer it as the first one did.
 *
 * Neither a cookie nor the backend that is left is asked. What becomes of an attempt counts like that of any dial.
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

  search(search: Search): void {
    const { pool } = this.life;
    this.current = search;
    this.unfit = NOBODY;
    this.startedAt = this.gateway.world.clock.now();
    this.life.leaveBackend(search.reason === "hand-over" ? "success" : TRUTH[search.reason].health);
    this.isHomeless = true;
    pool.rehoming += 1;
    this.dropped(search.lost);
    void this.run(search);
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

  /** No other backend was looked for. */
  stuck(reason: RehomeReason): void {
    this.gateway.world.meters.rehomed(this.life.pool.name, reason, "failed", 0);
  }

  dropped(messages: number): void {
    this.life.draft.lost += messages;
    this.gateway.world.meters.lost(this.life.pool.name, messages);
  }

  /** The tunnel has ended. */
  over(): void {
    if (this.isHomeless) this.life.pool.rehoming -= 1;
  }

  /** Looks for a backend until there is one, or none is wanted any more. Never rejects. */
  private async run(search: Search): Promise<void> {
    try {
      await this.tryAgainAndAgain(search);
    } catch (error) {
      this.gateway.world.logger.error({ err: error, id: this.life.draft.id }, "a re-homing failed unexpectedly");
    }
    // The backend that took it may be gone by now, which is another search.
    if (this.current === search) this.home.strand();
  }

  /** Tries one candidate after the other, and all of them again while one is wanted. */
  private async tryAgainAndAgain(search: Search): Promise<void> {
    let spared: readonly Backend[] = [this.life.backend];
    for (let pauses = this.home.lostAtOnce; this.isSearching(search); pauses += 1) {
      if (pauses > 0) await this.pause(Math.min(ASK_AGAIN_MS * 2 ** (pauses - 1), ASK_AGAIN_MAX_MS));
      if ((await this.tryAll(search, spared)) || !this.mayChange()) return;
      spared = NOBODY;
    }
  }

  /** True when one has taken the tunnel. @param spared not tried this time */
  private async tryAll(search: Search, spared: readonly Backend[]): Promise<boolean> {
    const failed = [...this.unfit, ...spared];
    const seeker: Seeker = { kind: "tunnel", facts: this.handshake.facts, failed, leaves: true };
    for (let tries = 0; tries < this.life.pool.config.dial.maxAttempts && this.isSearching(search); tries += 1) {
      const before = failed.length;
      if (await this.tryOne(search, seeker, failed)) return true;
      // Nobody could be chosen.
      if (failed.length <= before) return false;
    }
    return false;
  }

  /**
   * Dials the next candidate; true when it has taken the tunnel.
   *
   * @param failed gets it if it has not
   */
  private async tryOne(search: Search, seeker: Seeker, failed: Backend[]): Promise<boolean> {
    const { pool } = this.life;
    let backend: Backend | undefined;
    const dialIt = async (): Promise<boolean> => {
      if (!this.isSearching(search)) {
        if (backend !== undefined) pool.release(backend);
        return false;
      }
      backend ??= pool.claim(seeker);
      if (backend === undefined) return false;
      if (await this.attempt(backend)) return true;
      failed.push(backend);
      return false;
    };
    if (await this.inTurn(pool, dialIt)) return true;
    if (backend !== undefined || !this.isSearching(search)) return false;
    // Who waits for a place keeps nobody from dialling.
    backend = await this.wait(pool, seeker, failed);
    return backend !== undefined && this.inTurn(pool, dialIt);
  }

  /** Does this when it is the tunnel's turn to dial. */
  private async inTurn<T>({ name }: Pool, dial: () => Promise<T>): Promise<T> {
    const { rehomings } = this.gateway;
    await rehomings.enter(name, this.life.idleMs);
    try {
      return await dial();
    } finally {
      rehomings.leave(name);
    }
  }

  /** Whether it is still this search that goes on. */
  private isSearching(search: Search): boolean {
    return this.current === search && !this.gateway.draining;
  }

  /** Whether one may take the tunnel later that has not now: a server that starts again, or one that is added. */
  private mayChange(): boolean {
    return this.life.pool.members.some((backend) => backend.config.state === "active" && !this.unfit.includes(backend));
  }

  /** Waits for a place in the pool's queue; at once undefined where there is none. @param failed forgotten after a while */
  private async wait(pool: Pool, seeker: Seeker, failed: Backend[]): Promise<Backend | undefined> {
    const waiter = pool.wait(seeker);
    if (waiter === undefined) return undefined;
    this.leaveQueue = waiter.leave;
    const { wheel } = this.gateway.world;
    // One that has failed may be back before another one has room.
    const forget = detachedEntry(() => {
      failed.splice(0, failed.length, ...this.unfit);
      waiter.again();
      return 0;
    });
    wheel.add(forget, FORGET_MS);
    const backend = await waiter.place;
    wheel.remove(forget);
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
  private async attempt(backend: Backend): Promise<boolean> {
    const { pool } = this.life;
    const { upstream } = this;
    if (upstream === undefined) {
      pool.release(backend);
      return false;
    }
    const { head, upgrade } = this.handshake;
    const text = withHeader(head, "Fairlead-Rehome", this.headerValue());
    const dial = new Dial(upstream.target(backend.config), text, upgrade, this.limitsOf(pool), this.gateway.world);
    this.dial = dial;
    let joined = false;
    try {
      joined = this.take(backend, await followDial(this.gateway, pool, backend, dial, this.life.draft.id));
    } catch (error) {
      if (!(error instanceof FairleadError)) throw error;
    } finally {
      // The backend that took it may be gone by now, and another one dialled.
      if (this.dial === dial) this.dial = undefined;
      if (!joined) pool.release(backend);
    }
    return joined;
  }

  /** How the pool's backends are reached by now; undefined once it is gone. One of its name that came later is another one. */
  private get upstream(): Upstream | undefined {
    const entry = this.gateway.plan.entries.get(this.life.pool.name);
    return entry?.pool === this.life.pool ? entry.upstream : undefined;
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
    const { tunnel } = this.life;
    if (outcome.kind === "refused") {
      this.refused(backend, `it answered with status ${outcome.response.status}`);
      outcome.leg.destroy();
      return false;
    }
    const leg = world.driver.drive(outcome.leg);
    const { wheel } = world;
    const got = agreedText(outcome.response.headers);
    if (got !== this.agreed) {
      this.refused(backend, `it answered with ${agreedWords(got)}, the client has got ${agreedWords(this.agreed)}`);
      dismiss(leg, wheel, tunnel.options.closeTimeout);
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
    this.life.pool.rehoming -= 1;
    this.life.enterBackend(backend, headerValue(outcome.response.headers, PIN_HEADER) !== undefined);
    if (this.home.join(leg, outcome.agreement, outcome.early)) return true;
    throw new Error("a backend was wanted, and then it was not");
  }

  /** This backend has answered, and would do so again. */
  private refused(backend: Backend, reason: string): void {
    const { pool, draft } = this.life;
    this.gateway.refusedRehomings.note(pool.name, backend, draft.id, reason);
    this.unfit = [...this.unfit, backend];
  }

  private settled(outcome: "rehomed" | "failed"): void {
    const search = this.current;
    if (search === undefined) return;
    this.current = undefined;
    const seconds = (this.gateway.world.clock.now() - this.startedAt) / SECOND_MS;
    this.gateway.world.meters.rehomed(this.life.pool.name, search.reason, outcome, seconds);
  }
}
