import type { BackendStatus, Sample, Status } from "../metrics/index.ts";

export type { Percentiles, Sample } from "../metrics/index.ts";

/** A moment, ISO 8601. */
export type Time = string;

/** What may be said of a backend that is already there. What is left out stays. */
export interface BackendChange {
  /** Above 0; 1 is normal. */
  readonly weight?: number;
  /** `draining`: nothing new, and its tunnels are ended, or re-homed, at the pool's pace. */
  readonly state?: "active" | "draining";
  /** Most tunnels and requests at a time. */
  readonly maxConnections?: number | "off";
}

/** A backend to be added. */
export interface BackendInput extends BackendChange {
  /** `ws://`, `wss://`, `http://` or `https://`, host and port. */
  readonly url: string;
}

/** A drain to be begun. What is left out is as the pool's own `drain` says; durations are text such as `30s`. */
export interface DrainInput {
  readonly pool: string;
  readonly backend: string;
  /** Tunnels per second. */
  readonly rate?: number;
  /** Share (0 to 1) by which each step's number varies at random. */
  readonly jitter?: number;
  /** Only tunnels without data for so long are ended, until the deadline. */
  readonly waitIdle?: string;
  /** What is left after this is ended at once. */
  readonly deadline?: string;
}

/** A rebalance to be begun. What is left out is as the pool's own `rebalance` says. */
export interface RebalanceInput {
  readonly pool: string;
  readonly perMinute?: number;
  /** Tunnels that came to their backend less than so long ago stay. */
  readonly minAge?: string;
  /** Share (0 to 1) above the fair share that is left alone. */
  readonly tolerance?: number;
  /** What is evened: what the pool's balancing method compares, or the number of tunnels. */
  readonly evens?: "method" | "tunnels";
}

/** Tunnels that are ended, or re-homed, at a pace, and how far that has come. */
export interface Move {
  readonly id: string;
  readonly kind: "drain" | "rebalance";
  readonly pool: string;
  /** Of a drain; null for a rebalance, which takes from all that have more than their share. */
  readonly backend: string | null;
  /** `deadline`: what was left then has been told to go at once. */
  readonly state: "running" | "done" | "cancelled" | "deadline";
  /** Who wanted it: somebody at the API, a configuration that was loaded, or the pool's own `rebalance`. */
  readonly by: "operator" | "configuration" | "pool";
  /** Of a rebalance: whether the number of tunnels is evened, or what they carry; null for a drain. */
  readonly evens: "tunnels" | "carried" | null;
  readonly started: Time;
  readonly ended: Time | null;
  /** Tunnels that were to be moved when it began. */
  readonly total: number;
  /** Those that have been told to go. */
  readonly moved: number;
  /** Of a drain: those still on the backend, on their way out or not. An estimate where what they carry is evened. */
  readonly left: number;
  /** Tunnels per second, as asked for. */
  readonly rate: number;
  /** Tunnels per second by now. */
  readonly currentRate: number;
  /** Why it goes slower than asked for; null when it does not. */
  readonly slowedBy: string | null;
  readonly waitIdleMs: number | null;
  readonly deadline: Time | null;
}

/** What has come from one side of a tunnel. */
export interface Carried {
  readonly messages: number;
  readonly bytes: number;
}

/** One open tunnel. */
export interface TunnelInfo {
  readonly id: string;
  readonly worker: number;
  readonly listener: string;
  readonly route: string;
  readonly pool: string;
  readonly backend: string;
  /** The client's address, as trusted proxies tell it. */
  readonly client: string;
  readonly host: string | null;
  /** Without the query. */
  readonly path: string;
  readonly started: Time;
  readonly ageMs: number;
  /** Time without data in either direction. */
  readonly idleMs: number;
  /** `rehoming`: on its way to another backend. */
  readonly state: "open" | "rehoming" | "ending";
  /** Its backend has asked that it is not rebalanced. */
  readonly pinned: boolean;
  /** How often it has got another backend. */
  readonly rehomed: number;
  /** Messages of the client that no backend may have got. */
  readonly lost: number;
  readonly fromClient: Carried;
  readonly fromBackend: Carried;
  /** Round-trip time of the last heartbeat; null before the first. */
  readonly clientRttMs: number | null;
  readonly backendRttMs: number | null;
}

/** Which tunnels are meant: those for which all that is said holds. */
export interface TunnelFilter {
  readonly id?: string;
  readonly pool?: string;
  readonly backend?: string;
  readonly route?: string;
  readonly listener?: string;
  readonly client?: string;
  readonly host?: string;
  readonly minAgeMs?: number;
  readonly minIdleMs?: number;
}

/** What tunnels are sorted by. */
export type TunnelOrder = "age" | "idle" | "messages" | "bytes" | "rtt";

/** A page of tunnels that is asked for. */
export interface TunnelQuery {
  readonly filter: TunnelFilter;
  readonly sort: TunnelOrder;
  readonly descending: boolean;
  readonly offset: number;
  readonly limit: number;
}

/** A page of tunnels. */
export interface TunnelPage {
  /** How many fit the filter. */
  readonly total: number;
  readonly offset: number;
  readonly tunnels: readonly TunnelInfo[];
}

/** What a reload has done. */
export interface ReloadReport {
  readonly outcome: "reloaded" | "unchanged";
  /** Grows with every configuration that is swapped in. */
  readonly revision: number;
  readonly file: string | null;
  /** One line for each difference, as `fairlead diff` prints them. */
  readonly changes: readonly string[];
  /** Changes made at run time that the file has taken back. */
  readonly overruled: readonly string[];
  /** Differences that only a restart brings into force. */
  readonly needsRestart: readonly string[];
  readonly warnings: readonly string[];
}

/** Something that has happened. Numbers grow by one. */
export interface AdminEvent {
  readonly id: number;
  readonly time: Time;
  /** Kebab-case: `backend-unhealthy`, `reloaded`, `move-ended` and the like. */
  readonly type: string;
  /** A sentence for people. */
  readonly message: string;
  readonly pool?: string;
  readonly backend?: string;
  readonly [field: string]: unknown;
}

/** One route, in the order in which they are looked at; the one that takes what no other takes comes last. */
export interface RouteInfo {
  readonly name: string;
  readonly pool: string;
  /** What a request must be like, in words; null where any is taken. */
  readonly match: string | null;
  /** Whose pages may open sockets here. */
  readonly origins: "any" | readonly string[];
}

/** What has happened, and what happens. */
export interface EventSource {
  /** The latest, oldest first; with `after`, only those with greater numbers. */
  recent(after?: number): readonly AdminEvent[];
  /** @returns stops telling */
  listen(listener: (event: AdminEvent) => void): () => void;
}

/**
 * An instance as operators see and change it.
 *
 * Whatever names something that is not there throws FairleadError NOT_FOUND; what is asked for wrongly, INPUT_INVALID;
 * what does not fit to what there is, CONFLICT.
 */
export interface AdminSource {
  /** Whether new clients are served. */
  ready(): boolean;
  status(): Promise<Status>;
  /** The effective configuration as plain data; secrets are hidden. */
  config(): unknown;
  /** See {@link routesOf}. */
  routes(): readonly RouteInfo[];
  /** Reads the configuration anew and swaps it in. @throws FairleadError CONFIG_INVALID; nothing has changed then */
  reload(): Promise<ReloadReport>;
  addBackend(pool: string, input: BackendInput): Promise<BackendStatus>;
  changeBackend(pool: string, backend: string, change: BackendChange): Promise<BackendStatus>;
  /** Its tunnels are ended, or re-homed, at the pool's pace. @returns that move; null when there were none */
  removeBackend(pool: string, backend: string): Promise<Move | null>;
  tunnels(query: TunnelQuery): Promise<TunnelPage>;
  /** Ends all that fit with 1012. @returns how many */
  endTunnels(filter: TunnelFilter): Promise<number>;
  /** Those that run, and the latest that have ended. */
  moves(): readonly Move[];
  drain(input: DrainInput): Promise<Move>;
  rebalance(input: RebalanceInput): Promise<Move>;
  cancelMove(id: string): Move;
  readonly events: EventSource;
  /** Samples of the last hour; with `since` (milliseconds since the epoch) only younger ones. */
  history(since?: number): readonly Sample[];
  /** All metrics in the text form of Prometheus. @param accept the Accept header of whoever asks */
  metrics(accept?: string): Promise<{ readonly contentType: string; readonly text: string }>;
}
