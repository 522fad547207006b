import type { Clock, Milliseconds } from "../base/index.ts";
import type { PoolConfig } from "../config/index.ts";

import type { Backend } from "./backend.ts";
import { Alarm, systemLater, Waiting } from "./waiting.ts";
import type { Later, Queued, Seeker, Waiter } from "./waiting.ts";

/**
 * Most time for which a client is held that finds no room, until the supervisor has said whether there is some elsewhere.
 * That is a message there and one back, or a few; longer only when a worker is frozen.
 */
const LEASE_ANSWER_MAX_MS: Milliseconds = 1_000;

/** What admission needs of its pool. */
export interface Places {
  config(): PoolConfig;
  members(): readonly Backend[];
  /** Whether this one could be chosen; without one, whether anybody could. */
  isOpen(kind: Seeker["kind"], backend?: Backend): boolean;
  /** Chooses a backend and counts the pick; undefined when there is no candidate. */
  take(seeker: Seeker): Backend | undefined;
  /** What a backend may get has changed. */
  show(backend: Backend): void;
}

/** What admission needs of its worker. */
export interface AdmissionWorld {
  readonly clock: Clock;
  /** Workers that choose among the same backends, this one included. */
  readonly workers: number;
  /** The supervisor is to be asked for more room at a backend. */
  readonly onWant: (backend: Backend) => void;
  /** By the system's timers unless given. */
  readonly later?: Later | undefined;
}

const KINDS: readonly Seeker["kind"][] = ["tunnel", "request"];

/**
 * Holds back what a pool's backends may not get yet, and lets it through when they may.
 *
 * Nobody waits who could have a place that is free: whoever begins to wait is looked after then, and all are when a backend
 * opens. So when one does, nobody needs to be looked after once it has closed again, however many wait and whatever else is
 * open to others.
 */
export class Admission {
  private readonly places: Places;
  private readonly world: AdmissionWorld;
  private readonly waiting = new Waiting();
  /** Those that got tunnels as fast as they may. */
  private readonly paced = new Set<Backend>();
  private readonly alarm: Alarm;
  /** Backends of which more is wanted, once the order under way has been answered. */
  private unasked: Set<Backend> | undefined;

  constructor(places: Places, world: AdmissionWorld) {
    this.places = places;
    this.world = world;
    this.alarm = new Alarm(world.later ?? systemLater, () => this.ring());
  }

  /** Those that wait. */
  get queued(): number {
    return this.waiting.size;
  }

  /** Goes by the pool's options from now on. */
  configure(config: PoolConfig, members: readonly Backend[]): void {
    const now = this.world.clock.now();
    this.paced.clear();
    for (const backend of members) {
      backend.gate.pace(config.admission, this.world.workers, now);
      if (!backend.gate.hasToken(now)) this.paced.add(backend);
    }
  }

  /** Whether the rate lets a tunnel through, as far as anybody has looked. */
  isPaced(backend: Backend): boolean {
    return this.paced.has(backend);
  }

  /** A place for somebody who has just come; undefined when there is none, or none now. */
  claim(seeker: Seeker): Backend | undefined {
    // Who waits for a token that has come meanwhile is served first.
    if (this.paced.size > 0) this.refill();
    return this.places.take(seeker);
  }

  /** Somebody has got a place with this backend. */
  taken(backend: Backend, kind: Seeker["kind"]): void {
    if (kind === "tunnel") {
      const now = this.world.clock.now();
      backend.gate.takeToken(now);
      if (!backend.gate.hasToken(now)) {
        this.paced.add(backend);
        this.places.show(backend);
      }
    }
    // Asked for before somebody needs it: balancing sees the same backends as the other workers then.
    if (!backend.hasRoom) this.want(backend);
  }

  /** Whether there are backends for it that only have as much as they may have now. */
  isOverloaded({ failed }: Seeker): boolean {
    return this.places.members().some((backend) => backend.takesNew && !failed.includes(backend));
  }

  /** Has somebody wait who has found no place. Undefined when there is nothing to wait for, or the queue is full. */
  wait(seeker: Seeker): Waiter | undefined {
    if (!this.isOverloaded(seeker)) return undefined;
    this.wantMore();
    const { size, timeout } = this.places.config().admission.queue;
    const patient = seeker.leaves === true || (seeker.kind === "tunnel" && this.waiting.patient < size);
    if (!patient && !this.isAnswerDue()) return undefined;
    const now = this.world.clock.now();
    const queued = this.waiting.add(seeker, patient, now + (patient ? timeout : LEASE_ANSWER_MAX_MS));
    const again = (): void => {
      if (this.waiting.has(queued) && this.places.isOpen(seeker.kind)) this.serveOne(queued);
      this.setAlarm();
    };
    again();
    return {
      place: queued.place,
      leave: () => {
        this.waiting.end(queued, undefined);
        this.setAlarm();
      },
      again,
    };
  }

  /**
   * Something has changed that may be what somebody waits for.
   *
   * @param backend what of; without one, whatever it is
   */
  wake(backend?: Backend): void {
    if (this.waiting.size === 0) return;
    this.serve(backend);
    this.askAgain();
  }

  /**
   * Takes over what the supervisor allows.
   *
   * @param confirm told of what is used then: behind those that could be served, before more is wanted
   */
  order(backend: Backend, allowed: number | "off", confirm: (used: number) => void): void {
    const unasked = new Set<Backend>();
    this.unasked = unasked;
    backend.gate.lease.order(allowed);
    this.places.show(backend);
    this.serve(backend);
    this.unasked = undefined;
    confirm(backend.own);
    for (const one of unasked) if (!one.hasRoom) this.want(one);
    this.askAgain();
  }

  /** Nobody waits any more. */
  dismiss(): void {
    this.waiting.endAll();
    this.setAlarm();
  }

  private askAgain(): void {
    if (this.waiting.size === 0) return;
    this.wantMore();
    if (!this.isAnswerDue()) this.waiting.endImpatient();
    this.setAlarm();
  }

  /** @param opened the one that has opened; without it, any may have */
  private serve(opened?: Backend): void {
    const isOpen = (kind: Seeker["kind"]): boolean => this.places.isOpen(kind, opened);
    for (const queued of this.waiting) {
      if (!KINDS.some((kind) => this.waiting.some(kind) && isOpen(kind))) return;
      if (isOpen(queued.seeker.kind)) this.serveOne(queued);
    }
  }

  private serveOne(queued: Queued): void {
    const backend = this.places.take(queued.seeker);
    if (backend !== undefined) this.waiting.end(queued, backend);
  }

  /** Where there are tokens again, those that wait for them get them. */
  private refill(): void {
    const now = this.world.clock.now();
    const opened = [...this.paced].filter(({ gate }) => gate.hasToken(now));
    for (const backend of opened) {
      this.paced.delete(backend);
      this.places.show(backend);
    }
    for (const backend of opened) this.serve(backend);
  }

  private ring(): void {
    this.refill();
    this.waiting.expire(this.world.clock.now());
    this.setAlarm();
  }

  private setAlarm(): void {
    const now = this.world.clock.now();
    let at = this.waiting.nextDeadline;
    if (this.waiting.size > 0) for (const { gate } of this.paced) at = Math.min(at, gate.readyAt(now));
    this.alarm.set(at, now);
  }

  private wantMore(): void {
    for (const backend of this.places.members()) if (backend.takesNew && !backend.hasRoom) this.want(backend);
  }

  private want(backend: Backend): void {
    if (this.unasked !== undefined) this.unasked.add(backend);
    // One worker alone has all that there is.
    else if (this.world.workers > 1 && backend.gate.lease.want()) this.world.onWant(backend);
  }

  /** Whether the supervisor has still to say that there is no more room. */
  private isAnswerDue(): boolean {
    if (this.world.workers === 1) return false;
    return this.places.members().some((backend) => backend.takesNew && !backend.hasRoom && !backend.gate.lease.full);
  }
}
