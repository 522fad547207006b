/** What the benchmark asks of its two helpers, the load generator and the echo backend, over IPC. */

/** Where the load goes. */
export interface Goal {
  readonly port: number;
  /** The certificate to trust, in PEM, when the proxy speaks TLS. */
  readonly ca?: string | undefined;
}

/** How messages are sent; every load runs until `stop`. */
export type Load =
  /** Each tunnel has `inFlight` messages under way. */
  | { readonly kind: "closed"; readonly size: number; readonly inFlight: number }
  /** Only `active` messages are under way over all tunnels, and the tunnels take turns. */
  | { readonly kind: "turns"; readonly size: number; readonly active: number }
  /** `rate` messages a second over all tunnels, whether answers come or not; latency counts from the intended start. */
  | { readonly kind: "open"; readonly size: number; readonly rate: number }
  /** The backend sends one message to every tunnel; when all have it, the next. */
  | { readonly kind: "fan-out"; readonly size: number }
  /** Connect, upgrade, closing handshake, again; `concurrency` at a time. */
  | { readonly kind: "churn"; readonly concurrency: number }
  /** The small GET on `connections` kept alive, one request at a time on each. */
  | { readonly kind: "http"; readonly connections: number };

/** In microseconds. */
export interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What happened since the last mark. */
export interface Mark {
  /** Finished units of work: answers, messages received, closing handshakes. */
  readonly units: number;
  readonly seconds: number;
  readonly latency: Latency | undefined;
}

/** Calls that the generator answers. */
export interface GeneratorCalls {
  /** Compares real answers, byte by byte, with what they must be; throws when one differs. */
  check(args: { goal: Goal; sizes: readonly number[]; plain: boolean }): Promise<void>;
  /** Opens tunnels until there are `count`, which carry messages of `size` bytes. */
  open(args: { goal: Goal; count: number; size: number; fanOut?: boolean }): Promise<void>;
  /** Starts a load on the open tunnels; `churn` and `http` open connections of their own. */
  start(args: { goal: Goal; load: Load }): Promise<void>;
  /** One message on each tunnel, and all answers. */
  once(args: { size: number }): Promise<void>;
  /** Counts since the last mark; throws when a tunnel was lost or nothing moved. */
  mark(args: { idle?: boolean }): Promise<Mark>;
  /** Sends nothing new, and waits until nothing is under way. */
  stop(args: object): Promise<void>;
  /** Ends all connections. */
  close(args: object): Promise<void>;
}

/** Calls that the backend answers. */
export interface BackendCalls {
  /** Ports that it listens on; `tls` only with a certificate. */
  listen(args: { key?: string; cert?: string }): Promise<{ plain: number; tls: number | undefined }>;
}

/** One question; the answer carries the same number. */
export interface Question {
  readonly id: number;
  readonly call: string;
  readonly args: unknown;
}

export type Answer = { readonly id: number; readonly value: unknown } | { readonly id: number; readonly error: string };
