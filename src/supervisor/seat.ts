import type { Milliseconds } from "../base/index.ts";
import type { WorkerCounts } from "../metrics/index.ts";
import type { Answer, Question, Questions } from "../operations/index.ts";
import type { Accepted, Bound } from "../wire/index.ts";

import { LOAD_INTERVAL_MS, LoadCoalescer } from "./coalescer.ts";
import { TURN_CONNECTIONS_MAX } from "./turn.ts";
import type { FromWorker, LoadChange, ToWorker, WorkerPlan, WorkerStart } from "./messages.ts";

/** A worker as the supervisor reaches it, in this process or another. */
export interface WorkerHandle {
  readonly pid: number;
  /** Messages and connections arrive in the order in which they are sent and given. */
  send(message: ToWorker): void;
  /** Hands a connection over. */
  give(listener: string, accepted: Accepted): void;
  /** Lets it accept at an address, for one turn. Absent where the worker lives in this process. */
  giveTurn?(listener: string, turn: number, bound: Bound): void;
  /** Ends it at once. */
  kill(): void;
}

/** Makes a worker. `onMessage` gets what it tells, `onExit` is called once when it is gone, with how that came. */
export type Spawn = (onMessage: (message: FromWorker) => void, onExit: (how: string) => void) => WorkerHandle;

/** What the supervisor knows of one worker. */
export class Seat {
  readonly id: number;
  /** Which of the instance's workers it is; its successor takes the same place. */
  readonly place: number;
  readonly handle: WorkerHandle;
  readonly loads: LoadCoalescer;
  /** When it began, on the supervisor's clock. */
  readonly begun: Milliseconds;
  ready = false;
  /** Its successor, when it has asked to go. */
  replacedBy: number | undefined;
  /** It has been told to drain; nobody replaces it any more. */
  leaving = false;
  /** Connections that it has: as many as it told last, and those given since. */
  connections = 0;
  /** When it last got a connection. */
  givenAt: Milliseconds = 0;
  /** Number of its latest turn to accept. */
  turn = 0;
  /** Turns that it has not told the end of. */
  turns = 0;
  /** It has not told yet that it has taken that connection. */
  isTaking = false;
  /** Most tunnels that it may have. */
  share = 0;
  /** What it told last of what it counts. */
  counts: WorkerCounts | undefined;

  /** Resolved when the worker goes by the configuration of that number. */
  private readonly configuring = new Map<number, () => void>();
  private lastRequest = 0;
  private readonly pinged = new Map<number, () => void>();
  private readonly asked = new Map<number, (answer: Answer | undefined) => void>();
  private readonly waiting = new Map<number, (counts: WorkerCounts | undefined) => void>();

  constructor(id: number, place: number, handle: WorkerHandle, begun: Milliseconds) {
    this.id = id;
    this.place = place;
    this.handle = handle;
    this.begun = begun;
    this.loads = new LoadCoalescer(LOAD_INTERVAL_MS, (changes: readonly LoadChange[]) =>
      handle.send({ type: "others", changes }),
    );
  }

  start(start: WorkerStart): void {
    this.share = start.room.tunnels;
    this.handle.send({ type: "start", start });
  }

  /** Changes how many tunnels it may have. */
  allow(share: number): void {
    if (share === this.share) return;
    this.share = share;
    this.handle.send({ type: "room", tunnels: share });
  }

  /** Tunnels that it may have beside the connections that it has. */
  get room(): number {
    return this.share - this.connections;
  }

  /** Connections that it may have by now, as far as anybody can know. */
  get connectionsMax(): number {
    return this.connections + this.turns * TURN_CONNECTIONS_MAX;
  }

  /** Hands a connection over, behind all that is known of the loads by now. */
  give(listener: string, accepted: Accepted, now: Milliseconds): void {
    this.connections += 1;
    this.givenAt = now;
    this.isTaking = true;
    this.loads.flush();
    this.handle.give(listener, accepted);
  }

  /** Lets it accept at an address, behind all that is known of the loads by now. */
  giveTurn(listener: string, turn: number, bound: Bound): void {
    this.turn = turn;
    this.turns += 1;
    this.loads.flush();
    this.handle.giveTurn?.(listener, turn, bound);
  }

  drain(over: Milliseconds, settle: boolean): void {
    this.leaving = true;
    this.handle.send({ type: "drain", over, settle });
  }

  /** Has it go by another configuration; resolves when it does, or is gone. */
  configure(revision: number, plan: WorkerPlan): Promise<void> {
    return new Promise((resolve) => {
      this.configuring.set(revision, resolve);
      this.handle.send({ type: "plan", revision, plan });
    });
  }

  configured(revision: number, connections: number): void {
    this.tellConnections(connections);
    this.configuring.get(revision)?.();
    this.configuring.delete(revision);
  }

  /** Asks for a sign of life, which tells the connections that it has; resolves when it has come, or the worker is gone. */
  ping(): Promise<void> {
    return new Promise((resolve) => {
      this.lastRequest += 1;
      this.pinged.set(this.lastRequest, resolve);
      this.handle.send({ type: "ping", request: this.lastRequest });
    });
  }

  /** Whether it has not given the sign of life that it was asked for. */
  get isPinged(): boolean {
    return this.pinged.size > 0;
  }

  ponged(request: number, connections: number): void {
    this.tellConnections(connections);
    this.pinged.get(request)?.();
    this.pinged.delete(request);
  }

  /** What has been given to the worker may not have reached it yet. */
  tellConnections(connections: number): void {
    if (!this.isTaking) this.connections = connections;
  }

  /** Asks what the worker counts; undefined when it ends before it answers. */
  count(): Promise<WorkerCounts | undefined> {
    return new Promise((resolve) => {
      this.lastRequest += 1;
      this.waiting.set(this.lastRequest, resolve);
      this.handle.send({ type: "count", request: this.lastRequest });
    });
  }

  /** Asks what an operator wants to know; undefined when the worker ends before it answers. */
  ask<About extends keyof Questions>(
    about: About,
    ask: Questions[About]["ask"],
  ): Promise<Questions[About]["answer"] | undefined> {
    return new Promise((resolve) => {
      this.lastRequest += 1;
      // The worker answers what it is asked: the form of what is asked follows from its name.
      this.asked.set(this.lastRequest, resolve);
      this.handle.send({ type: "ask", request: this.lastRequest, question: { about, ask } as Question });
    });
  }

  answered(request: number, answer: Answer): void {
    this.asked.get(request)?.(answer);
    this.asked.delete(request);
  }

  counted(request: number, counts: WorkerCounts): void {
    this.counts = counts;
    this.waiting.get(request)?.(counts);
    this.waiting.delete(request);
  }

  gone(): void {
    this.ready = false;
    this.loads.stop();
    for (const resolve of this.waiting.values()) resolve(undefined);
    this.waiting.clear();
    for (const resolve of this.asked.values()) resolve(undefined);
    this.asked.clear();
    for (const resolve of this.pinged.values()) resolve();
    this.pinged.clear();
    for (const resolve of this.configuring.values()) resolve();
    this.configuring.clear();
  }
}
