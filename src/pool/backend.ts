import type { BackendConfig } from "../config/index.ts";

import { Gate } from "./gate.ts";

/** What a worker counts of one backend. All but `open` and `inFlight` only grow. */
export interface BackendCounters {
  /** Tunnels that are open now. */
  open: number;
  /** Requests in flight now. */
  inFlight: number;
  /** Tunnels opened so far. */
  tunnels: number;
  /** Requests begun so far. */
  requests: number;
  /** Dials and requests that failed for the backend's sake. */
  failures: number;
}

/** Stands for the place of a backend that is in its pool no more. */
export const NOWHERE = -1;

/**
 * One backend of one pool, as a worker knows it: what it has and what it counts belong to its name, whatever
 * configurations come and go. One that is removed is kept for as long as it has something.
 */
export class Backend {
  readonly name: string;
  config: BackendConfig;
  /** Its place in the pool's view; {@link NOWHERE} when it has been removed. */
  index = NOWHERE;
  /** This worker's load of it: open tunnels, dials and requests in flight. */
  own = 0;
  /** What the other workers have. */
  others = 0;
  healthy = true;
  /** It has more than its share, and clients are to find another one. */
  sheds = false;
  /** What this worker may let through to it. */
  readonly gate = new Gate();
  /** What its weight is multiplied with while it warms up. */
  warmth = 1;
  readonly counters: BackendCounters = { open: 0, inFlight: 0, tunnels: 0, requests: 0, failures: 0 };

  constructor(config: BackendConfig) {
    this.name = config.name;
    this.config = config;
  }

  /** What balancing goes by. */
  get weight(): number {
    return this.config.weight * this.warmth;
  }

  /** Whether it may get something new, if it has room. */
  get takesNew(): boolean {
    return this.healthy && this.config.state === "active";
  }

  /** Whether this worker may have one more with it. */
  get hasRoom(): boolean {
    return this.gate.hasRoom(this.own);
  }

  /** Load over all workers. */
  get load(): number {
    return this.own + this.others;
  }
}
