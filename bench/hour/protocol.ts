import type { Doors } from "../soak/protocol.ts";

/** What the hour asks of its helpers, over IPC. Times are milliseconds since the epoch: all are on one machine. */

/** One tunnel, as its client saw it. */
export interface ClientSide {
  /** In the path of its handshake, and in every message; no other tunnel has it. */
  readonly id: number;
  /** The backend's name for itself. */
  readonly backend: string;
  readonly opened: number;
  readonly ended: number;
  /** The code of the Close that came; 1006 when none did. */
  readonly code: number;
  /** Messages that it sent, echoes of them that it got, and messages of the backend's own that it got. */
  readonly sent: number;
  readonly echoed: number;
  readonly heard: number;
  /** When the first message that was not echoed went out; null when there is none. */
  readonly unanswered: number | null;
}

/** The same tunnel, as its backend saw it. */
export interface BackendSide {
  readonly id: number;
  readonly received: number;
  /** Echoes, and messages of its own, that it sent before its Close. */
  readonly echoed: number;
  readonly said: number;
  /** When a Close came; null when the connection ended without one. */
  readonly told: number | null;
}

/** A handshake that did not become a tunnel. */
export interface Refusal {
  readonly at: number;
  readonly how: string;
}

/** What clients have come to since they were asked last. */
export interface Glance {
  /** Tunnels that are open. */
  readonly open: number;
  /** Echoes and messages of backends that came. */
  readonly messages: number;
  /** Ends by the code of the Close. */
  readonly codes: Readonly<Record<string, number>>;
  readonly refusals: number;
  readonly complaints: number;
  /** In milliseconds: the slowest echo, and the longest time from the end of a client's tunnel to its next one. */
  readonly slowest: number;
  readonly pause: number;
}

/** All that clients have seen. */
export interface ClientsReport {
  readonly sides: readonly ClientSide[];
  readonly refusals: readonly Refusal[];
  /** What must never happen. */
  readonly complaints: readonly string[];
  readonly bytes: number;
}

/** What a backend has seen since it was asked last: tunnels that are over. */
export interface BackendReport {
  readonly sides: readonly BackendSide[];
  readonly complaints: readonly string[];
}

/** Calls that the clients answer. */
export interface HourClientsCalls {
  /** Opens `count` tunnels, `pace` a second, and keeps them; each says `rate` messages a second. */
  start(args: { doors: Doors; count: number; pace: number; rate: number; seed: number }): Promise<void>;
  glance(args: object): Promise<Glance>;
  /** Says nothing new, waits for all echoes, and ends all tunnels with 1000. */
  finish(args: object): Promise<void>;
  report(args: object): Promise<ClientsReport>;
}

/** What a backend can be made to do wrong once, to see that it is found. */
export type Fault = "lose" | "double" | "swap";

/** Calls that a backend answers. */
export interface HourBackendCalls {
  /** Each tunnel is told `rate` messages a second besides its echoes. */
  listen(args: { name: string; port: number; rate: number }): Promise<void>;
  report(args: object): Promise<BackendReport>;
  fault(args: { fault: Fault }): Promise<void>;
}
