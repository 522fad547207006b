import type { ErrorCode, FairleadError } from "../base/index.ts";
import type { FailureSignal } from "../health/index.ts";

/** With this header in its 101, whatever its value, a backend asks that the tunnel is not rebalanced. */
export const PIN_HEADER = "fairlead-pin";

/** An answer of fairlead's own: what the client and what the record are told. Names no backend. */
export interface Refused {
  readonly status: number;
  readonly code: ErrorCode;
  /** A sentence for the client. */
  readonly reason: string;
}

export const NO_ROUTE: Refused = { status: 404, code: "NO_ROUTE", reason: "No route takes this request." };
export const BAD_ORIGIN: Refused = {
  status: 403,
  code: "ORIGIN_REFUSED",
  reason: "Pages of this origin may not open sockets here.",
};
export const NO_ROOM: Refused = { status: 503, code: "NO_ROOM", reason: "There is no room for another socket." };
export const STOPPING: Refused = { status: 503, code: "STOPPED", reason: "fairlead is shutting down." };
export const OVERLOADED: Refused = {
  status: 503,
  code: "OVERLOADED",
  reason: "The backends have as many connections as they take now.",
};
export const INTERNAL: Refused = { status: 500, code: "INTERNAL", reason: "fairlead could not handle the request." };
export const TOO_SLOW: Refused = {
  status: 504,
  code: "BACKEND_HANDSHAKE_TIMEOUT",
  reason: "The backend did not answer in time.",
};
export const BAD_ANSWER: Refused = {
  status: 502,
  code: "BACKEND_CLOSED_EARLY",
  reason: "The backend did not answer as it should.",
};

/** What a client is told whose request is not one that is passed on. */
export function badRequest(reason: string, status = 400): Refused {
  return { status, code: "CLIENT_BAD_REQUEST", reason };
}

/** What a client is told when nobody took its connection. */
export function noCandidate(attempts: number): Refused {
  const reason = attempts === 0 ? "No backend is available." : "No backend could take the connection.";
  return { status: 503, code: "NO_CANDIDATE", reason };
}

/** What a failed attempt counts as for the backend's health; undefined when it says nothing about the backend. */
export function signalOf(error: FairleadError): FailureSignal | undefined {
  if (error.fault !== "backend") return undefined;
  const brokeProtocol = error.code === "BACKEND_BAD_UPGRADE" || error.code === "BACKEND_BAD_HEAD";
  return brokeProtocol ? "protocol-error" : "dial-failed";
}
