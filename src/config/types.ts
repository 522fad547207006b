import type { z } from "zod";

import type { affinitySchema } from "../affinity/index.ts";
import type { balanceSchema } from "../balancing/index.ts";
import type { Bytes, Milliseconds } from "../base/index.ts";
import type { healthSchema } from "../health/index.ts";
import type { Origins, routeMatchSchema } from "../routing/index.ts";

/** Options of one pool's balancing algorithm, normalised. */
export type BalanceOptions = z.output<typeof balanceSchema>;
/** Options of one pool's affinity, normalised. */
export type AffinityOptions = z.output<typeof affinitySchema>;
/** Options of one pool's health observation and probing, normalised. */
export type HealthOptions = z.output<typeof healthSchema>;
/** What a request must be like to take a route, normalised. */
export type RouteMatch = z.output<typeof routeMatchSchema>;

/** A host and a port to listen on. */
export interface Address {
  /** Name or address; IPv6 without brackets. */
  readonly host: string;
  /** 0 lets the system choose a free one. */
  readonly port: number;
}

/** One certificate with its key, as PEM text, so that it can be sent to another process as it is. */
export interface CertificateConfig {
  /** PEM text: the certificate and what lies between it and its root. */
  readonly cert: string;
  /** PEM text. */
  readonly key: string;
  /** Absolute path that `cert` was read from; undefined when it was given as text. */
  readonly certFile?: string | undefined;
  /** Absolute path that `key` was read from; undefined when it was given as text. */
  readonly keyFile?: string | undefined;
  /** Names (exact, or `*.example.com`) asked for by SNI that get this certificate; empty: those that the certificate itself holds. */
  readonly hosts: readonly string[];
}

/** TLS of a listener. */
export interface ListenerTls {
  /** At least one; the first serves clients that name no host, or one that no certificate fits. */
  readonly certificates: readonly CertificateConfig[];
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/** An address that clients connect to. */
export interface ListenerConfig extends Address {
  /** `HOST:PORT` as configured; unique. */
  readonly name: string;
  readonly tls?: ListenerTls | undefined;
}

/** One server that tunnels and requests can be given to. */
export interface BackendConfig {
  /** The identity: `ws://host:port` or `wss://host:port`, whichever scheme was written; default ports left out. */
  readonly name: string;
  /** The same as an HTTP origin: `http://host:port` or `https://host:port`. */
  readonly url: string;
  /** Whether it is spoken to over TLS. */
  readonly secure: boolean;
  /** Name or address to dial; IPv6 without brackets. */
  readonly hostname: string;
  readonly port: number;
  /** Above 0; 1 is normal. */
  readonly weight: number;
  /** `draining`: it gets nothing new, and what it has is ended at the pool's pace. */
  readonly state: "active" | "draining";
  /** Most tunnels and requests at a time; undefined: as the pool's admission says. */
  readonly maxConnections?: number | "off" | undefined;
}

/** What a pool lets through to each of its backends, and what becomes of the rest. */
export interface AdmissionOptions {
  /** Most tunnels and requests that a backend has at a time, over all workers. */
  readonly maxConnections: number | "off";
  /** New tunnels per second to a backend, over all workers. */
  readonly rate: number | "off";
  /** Tunnels that may come at once when there were fewer than `rate` before. */
  readonly burst: number;
  /** Time in which the weight of a backend that is new, or was ill, grows to its own. */
  readonly slowStart: Milliseconds | "off";
  /** Clients that wait for a place. */
  readonly queue: {
    /** Most of them in each worker; 0: nobody waits. */
    readonly size: number;
    /** How long one waits. */
    readonly timeout: Milliseconds;
  };
  /** What a client without a place gets: 503, or for browsers, which hide statuses, 101 and a Close 1013. */
  readonly refuseWith: "status" | "close";
}

/** The pace at which a backend's tunnels are ended when it is drained. */
export interface DrainOptions {
  /** Tunnels per second, over all workers. */
  readonly rate: number;
  /** Share (0 to 1) by which the number of each step varies at random. */
  readonly jitter: number;
  /** Only tunnels without data for so long are ended, until the deadline. */
  readonly waitIdle: Milliseconds | "off";
  /** What is left then is ended at once. */
  readonly deadline: Milliseconds | "off";
}

/** When tunnels are moved from backends that have more than their share to those that have less. */
export interface RebalanceOptions {
  /** Most tunnels moved in a minute, over all workers. */
  readonly perMinute: number;
  /** Tunnels that came to their backend less than so long ago stay. */
  readonly minAge: Milliseconds;
  /** Share (0 to 1) above the fair share that is left alone. */
  readonly tolerance: number;
  /** Time between two looks. */
  readonly interval: Milliseconds;
  /** `method`: what the pool's balancing method compares, as far as that is a sum over tunnels; else their number. */
  readonly evens: "method" | "tunnels";
}

/** TLS towards the backends of a pool. */
export interface PoolTls {
  /** PEM text of the authorities to trust instead of the system's. */
  readonly ca?: string | undefined;
  /** Absolute path that `ca` was read from; undefined when it was given as text. */
  readonly caFile?: string | undefined;
  /** Whether a certificate that cannot be verified ends the dial. */
  readonly verify: boolean;
  /** Name to ask for and to verify instead of the backend's own. */
  readonly servername?: string | undefined;
}

/** Limits of finding a backend that answers. */
export interface DialOptions {
  /** For one connection (TCP and TLS) to one backend. */
  readonly connectTimeout: Milliseconds;
  /** For one backend's answer to the handshake. */
  readonly handshakeTimeout: Milliseconds;
  /** Backends tried for one client. */
  readonly maxAttempts: number;
  /** For all attempts together. */
  readonly budget: Milliseconds;
}

/** Pings of fairlead's own on a silent leg. */
export interface HeartbeatOptions {
  /** Silence after which a leg gets a ping. */
  readonly interval: Milliseconds;
  /** Time in which a sign of life must follow. */
  readonly timeout: Milliseconds;
}

/** How a tunnel gets another backend while its client stays. */
export interface RehomeOptions {
  /** Most bytes of the client that wait meanwhile; from there on it is not read from. */
  readonly buffer: Bytes;
  /** Longest time without a backend. */
  readonly timeout: Milliseconds;
  /** Silence of the old backend after which a planned move takes it to have nothing in hand. */
  readonly quiet: Milliseconds;
  /** Messages of the backend up to this size are passed on only when they are whole. */
  readonly holdMessage: Bytes;
  /** How many of the client's first messages a new backend gets again. */
  readonly replay: number;
  /** Most bytes of all of them; when they are more, none is sent again. */
  readonly replayBytes: Bytes;
  /** How many of a new backend's first messages the client does not get. */
  readonly swallowReplies: number;
  /** Close codes with which a backend hands its tunnels over, instead of ending them. */
  readonly handOverCodes: readonly number[];
}

/** How a tunnel is kept and ended. */
export interface TunnelOptions {
  readonly heartbeat: HeartbeatOptions | "off";
  /** Time without data in either direction after which the tunnel ends. */
  readonly idleTimeout: Milliseconds | "off";
  /** Greatest age of a tunnel. */
  readonly lifetime: Milliseconds | "off";
  /** Share of `lifetime` (0 to 1) by which it is shortened at random. */
  readonly lifetimeJitter: number;
  /** Time without progress after which a leg that has something to be written is ended. */
  readonly writeTimeout: Milliseconds;
  /** Time that one half of a leg may outlive the other. */
  readonly halfCloseTimeout: Milliseconds;
  /** Time for a closing handshake. */
  readonly closeTimeout: Milliseconds;
  readonly maxMessageSize: Bytes | "off";
  /** Whether frames are only counted, and nothing is enforced or sent. */
  readonly transparent: boolean;
  /** Close code that a client gets when its backend is lost. */
  readonly backendLostCode: number;
  /** Whether, and how, a tunnel whose backend goes gets another one. */
  readonly rehome: RehomeOptions | "off";
}

/** Backends of one kind, and how they are chosen, dialled and watched. */
export interface PoolConfig {
  readonly name: string;
  /** At least one; names are unique. */
  readonly backends: readonly BackendConfig[];
  readonly balance: BalanceOptions;
  readonly affinity: AffinityOptions;
  readonly tls: PoolTls;
  readonly dial: DialOptions;
  readonly health: HealthOptions;
  readonly admission: AdmissionOptions;
  readonly drain: DrainOptions;
  readonly rebalance: RebalanceOptions | "off";
}

/** A kind of request, the pool it goes to, and how its tunnels are kept. */
export interface RouteConfig {
  readonly name: string;
  readonly match: RouteMatch;
  /** Name of a pool that exists. */
  readonly pool: string;
  /** Whose pages may open sockets here. */
  readonly origins: Origins;
  readonly tunnel: TunnelOptions;
}

/** What takes requests that no route matches. */
export interface DefaultRouteConfig {
  readonly name: "default";
  readonly pool: string;
  readonly origins: Origins;
  readonly tunnel: TunnelOptions;
}

/** Limits of what clients may send before and around a tunnel, and of the number of tunnels. */
export interface LimitOptions {
  readonly maxHeadSize: Bytes;
  /** For the head of a request to be complete. */
  readonly headTimeout: Milliseconds;
  /** For a whole plain request, body included. */
  readonly requestTimeout: Milliseconds | "off";
  /** Longest silence of a backend that owes a plain response, before its head and between pieces of its body. */
  readonly responseTimeout: Milliseconds | "off";
  /** For the next request on an idle connection. */
  readonly keepAliveTimeout: Milliseconds;
  /** Bytes that a client may send behind its handshake before the backend has answered. */
  readonly maxEarlyData: Bytes;
  /** Of the whole instance; "auto": as many as the limit on open files has room for. */
  readonly maxTunnels: number | "auto";
}

/** What is logged, and how. */
export interface LogOptions {
  readonly level: "debug" | "info" | "warn" | "error" | "silent";
  /** "auto": pretty on a terminal, JSON otherwise. */
  readonly format: "auto" | "pretty" | "json";
  /** When requests and tunnels leave a line: at their end, also at a tunnel's start (`all`), or never. */
  readonly access: "off" | "end" | "all";
  /** `combined` is the form that Apache and nginx write. */
  readonly accessFormat: "json" | "combined";
  /** Time after which an open tunnel leaves a line again and again. */
  readonly accessEvery: Milliseconds | "off";
}

/** The listener of the admin API. */
export interface AdminConfig extends Address {
  /** What clients have to show; there is always one where others than this machine can connect. */
  readonly token?: string | undefined;
  /** Names, besides `localhost` and addresses, by which it may be called. */
  readonly hosts: readonly string[];
}

/** The whole configuration: normalised, every default filled in, deeply frozen, and the same after a journey through JSON. */
export interface Config {
  readonly listeners: readonly ListenerConfig[];
  readonly admin: AdminConfig | "off";
  /** Worker processes; "auto": one for each core. */
  readonly workers: number | "auto";
  /** How the sockets of tunnels are driven. */
  readonly socketDriver: "auto" | "stream" | "handle";
  /** Time over which a shutdown spreads the end of open tunnels. */
  readonly drain: Milliseconds;
  /** Time between a shutdown's beginning, from which on nobody is told that fairlead is ready, and its drain. */
  readonly drainDelay: Milliseconds;
  /** Whether a change of the file, or of one that it names, is a reload. */
  readonly watch: boolean;
  /** What affinity cookies are keyed with; undefined: one is made at random at each start. */
  readonly secret?: string | undefined;
  /** Addresses and CIDR blocks whose forwarding headers are believed. */
  readonly trustedProxies: readonly string[];
  readonly log: LogOptions;
  readonly limits: LimitOptions;
  readonly pools: Readonly<Record<string, PoolConfig>>;
  readonly routes: readonly RouteConfig[];
  /** Undefined when no pool is the default one: then requests that no route matches get 404. */
  readonly defaultRoute?: DefaultRouteConfig | undefined;
}
