import type { ErrorCode } from "../base/index.ts";
import type { Config } from "../config/index.ts";
import type { HealthSignal, VitalSigns } from "../health/index.ts";
import type { WorkerCounts } from "../metrics/index.ts";
import type { Answer, Question } from "../operations/index.ts";
import type { BackendReading, GaugeStart } from "../pool/index.ts";

/** The load of one backend: the pool's name, the backend's name, the count. */
export type LoadChange = readonly [pool: string, backend: string, load: number];

/** What a worker has lately seen of one backend. */
export type BackendVitals = readonly [pool: string, backend: string, signs: VitalSigns];

/** What a worker may know of a backend's health. */
export interface HealthNotice {
  readonly pool: string;
  readonly backend: string;
  readonly healthy: boolean;
  /** So few backends of the pool are well that all are tried. */
  readonly panic: boolean;
  /** Whether successes make a difference now; else they are not told. */
  readonly watched: boolean;
}

/** What a worker may have with one backend from now on; it answers each order of the number `order`. */
export interface LeaseNotice {
  readonly pool: string;
  readonly backend: string;
  readonly allowed: number | "off";
  readonly order: number;
}

/** What the weight of a backend that warms up is multiplied with. */
export type Warmth = readonly [pool: string, backend: string, factor: number];

/** What all workers go by, swapped in whole at a reload. */
export interface WorkerPlan {
  readonly config: Config;
  /** Key of affinity cookies, the same in all workers. */
  readonly secret: string;
  readonly health: readonly HealthNotice[];
  readonly others: readonly LoadChange[];
  /** Of all backends that warm up; what is not there has its full weight. */
  readonly warm: readonly Warmth[];
}

/** What a worker begins with. */
export interface WorkerStart extends WorkerPlan {
  /** Base64 of the 48 bytes that TLS session tickets are made with. */
  readonly ticketKeys: string;
  readonly workerId: number;
  /** How many workers there are. */
  readonly workers: number;
  readonly leases: readonly LeaseNotice[];
  /** What others have measured of backends: another worker, or the process before. */
  readonly gauges: readonly (readonly [pool: string, backend: string, start: GaugeStart])[];
  readonly room: WorkerRoom;
}

/** What a worker has room for. */
export interface WorkerRoom {
  /** Connections of clients. */
  readonly connections: number;
  readonly tunnels: number;
  /** Connections that may be told at a time that there is no room. */
  readonly turnedAway: number;
}

/** From the supervisor to a worker. Beside these come connections and addresses to accept at, with the listener's name. */
export type ToWorker =
  | { readonly type: "start"; readonly start: WorkerStart }
  /** Another configuration; `configured` tells when it is in force. */
  | { readonly type: "plan"; readonly revision: number; readonly plan: WorkerPlan }
  | { readonly type: "others"; readonly changes: readonly LoadChange[] }
  /** All that the other workers have measured of backends in the last second. */
  | { readonly type: "gauges"; readonly readings: readonly BackendReading[] }
  | { readonly type: "health"; readonly notice: HealthNotice }
  /** The turn at an address has gone to another worker. */
  | { readonly type: "withdraw"; readonly turn: number }
  /** `leased` answers it. */
  | { readonly type: "lease"; readonly lease: LeaseNotice }
  | { readonly type: "warm"; readonly warmth: Warmth }
  /** Most tunnels from now on. */
  | { readonly type: "room"; readonly tunnels: number }
  | { readonly type: "count"; readonly request: number }
  /** Asks for a sign of life; `pong` is the answer. */
  | { readonly type: "ping"; readonly request: number }
  /** A question of an operator's; `answer` brings the answer. */
  | { readonly type: "ask"; readonly request: number; readonly question: Question }
  /** Backends of a pool that have more than their share. */
  | { readonly type: "shed"; readonly pool: string; readonly backends: readonly string[] }
  /** With `settle` it first serves the connections that it got last; only a worker that is replaced has the time. */
  | { readonly type: "drain"; readonly over: number; readonly settle: boolean };

/** From a worker to the supervisor. */
export type FromWorker =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly code: ErrorCode; readonly message: string }
  | { readonly type: "configured"; readonly revision: number; readonly connections: number }
  | { readonly type: "pong"; readonly request: number; readonly connections: number }
  /** The connection with this number has been taken over; `connections` are open now. */
  | { readonly type: "taken"; readonly connection: number; readonly connections: number }
  /** It has let go of an address that it accepted at; with `error` because it could not. */
  | {
      readonly type: "passed";
      readonly listener: string;
      readonly turn: number;
      readonly connections: number;
      readonly error?: { readonly code: string; readonly message: string };
    }
  | { readonly type: "load"; readonly changes: readonly LoadChange[]; readonly connections: number }
  /** All that it has measured of backends in the last second. */
  | { readonly type: "gauges"; readonly readings: readonly BackendReading[] }
  /** An order has been taken over; it uses so many now. */
  | {
      readonly type: "leased";
      readonly pool: string;
      readonly backend: string;
      readonly order: number;
      readonly used: number;
    }
  /** Clients want more of a backend than it may have. */
  | { readonly type: "want"; readonly pool: string; readonly backend: string }
  | { readonly type: "signal"; readonly pool: string; readonly backend: string; readonly signal: HealthSignal }
  /** Only for pools that look for outliers. */
  | { readonly type: "vitals"; readonly vitals: readonly BackendVitals[] }
  | { readonly type: "answer"; readonly request: number; readonly answer: Answer }
  | { readonly type: "counts"; readonly request: number; readonly counts: WorkerCounts }
  /** The worker was asked from outside to go; it waits to be replaced and drained. */
  | { readonly type: "leaving" }
  /** All is gone; `counts` are the last that it tells. */
  | { readonly type: "drained"; readonly clean: boolean; readonly counts: WorkerCounts };
