import type { Certificate } from "../lab/certificate.ts";

/** Who made it. */
export type Family =
  | "direct"
  | "fairlead"
  | "nginx"
  | "haproxy"
  | "caddy"
  | "http-proxy"
  | "http-proxy-3"
  | "httpxy"
  | "fastify";

/** As it comes with what the work cannot do without, or with what its documentation offers for the work. */
export type Tuning = "default" | "tuned";

/** What a proxy is started with. */
export interface Setting {
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  /** Where the backend listens on 127.0.0.1, plain. */
  readonly backend: number;
  /** Present when the proxy shall speak TLS to its clients. */
  readonly certificate: Certificate | undefined;
}

/** How a proxy is started; `folder` is its own. */
export interface Launch {
  readonly port: number;
  command(folder: string): [string, ...string[]];
  /** Files to be written before, by name. */
  files(folder: string): Record<string, string>;
  readonly env: Record<string, string>;
}

/** One contestant. */
export interface Variant {
  /** What results go by. */
  readonly id: string;
  readonly family: Family;
  readonly tuning: Tuning;
  /** Part in `--quick`. */
  readonly quick: boolean;
  /** More workers than the others: only in scenarios that ask for it. */
  readonly workers: number;
  /** Its version; undefined when it is not installed. */
  version(): string | undefined;
  /** Undefined for the line without a proxy. */
  readonly launch: ((setting: Setting) => Launch) | undefined;
}

/** Open files a process may have where the scenarios need 9,000 tunnels of two sockets each. */
export const DESCRIPTORS = 20_000;
/** Buffers of what is tuned: room for a message of 64 KiB at once, and for 1 MiB in four pieces. */
export const BUFFER_BYTES: number = 256 * 1024;
