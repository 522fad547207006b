import type { Random } from "../../src/base/index.ts";
import { draw } from "./draws.ts";

/** Share of what all backends can do that is asked of them in the mean. */
const UTILISATION = 0.6;
/** The closest to its limit that a queue is taken to be in balance; beyond, it grows second by second. */
const BALANCED_MAX = 0.98;
/** Seconds of work that may wait; clients do not go on sending for longer without an answer. */
const BACKLOG_MAX = 5;
/** What a round trip and a handshake take beside the wait at the backend, in milliseconds. */
const ROUND_TRIP = 0.3;
const HANDSHAKE = 2;
const SECOND_MS = 1000;

/** One backend as a queue: messages wait for one another. */
export class SimulatedBackend {
  readonly name: string;
  /** Messages a second that its tunnels bring. */
  rate = 0;
  /** Tunnels that are open. */
  open = 0;
  /** False while it is away or drained. */
  active = true;
  /** Mean time from a message's coming to its answer, in milliseconds. */
  wait = 0;
  private speed = 1;
  private backlog = 0;
  private readonly capacity: number;

  /** @param share messages a second that it is to have in the mean */
  constructor(name: string, share: number) {
    this.name = name;
    this.capacity = share / UTILISATION;
    this.pass(0);
  }

  /** It takes so many times longer for a message than in the beginning. */
  slowDown(factor: number): void {
    this.speed = 1 / factor;
  }

  /** Goes on by some seconds. In balance it is the queue M/M/1; what it cannot do in time waits for later. */
  pass(seconds: number): void {
    const capacity = this.capacity * this.speed;
    const more = (this.rate - capacity) * seconds;
    this.backlog = Math.min(Math.max(0, this.backlog + more), BACKLOG_MAX * capacity);
    const balanced = Math.min(this.rate / capacity, BALANCED_MAX);
    this.wait = SECOND_MS * (1 / (capacity * (1 - balanced)) + this.backlog / capacity);
  }

  /** Share of its time in which it is busy. */
  get busy(): number {
    return Math.min(1, this.rate / (this.capacity * this.speed));
  }

  /** What a heartbeat takes now, in milliseconds. */
  roundTrip(random: Random): number {
    return ROUND_TRIP + draw("exponential", this.wait, random);
  }

  /** What a handshake takes now, in milliseconds. */
  handshake(random: Random): number {
    return HANDSHAKE + draw("exponential", this.wait, random);
  }
}
