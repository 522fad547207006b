import { CloseCode } from "../websocket/index.ts";

/** Why a tunnel ended. */
export type EndCause =
  | "client-close"
  | "backend-close"
  | "client-vanished"
  | "backend-vanished"
  | "client-protocol-error"
  | "backend-protocol-error"
  | "client-silent"
  | "backend-silent"
  | "client-stalled"
  | "backend-stalled"
  | "client-message-too-large"
  | "backend-message-too-large"
  | "idle"
  | "lifetime"
  | "drain"
  | "rebalance"
  | "operator"
  | "shutdown";

/** Who brought the end about. */
export type Initiator = "client" | "backend" | "fairlead";

/** What happens to one leg when a tunnel ends. */
export interface LegTruth {
  /** The code of the Close frame that it gets; `forwarded` is the other side's own, `none` no Close at all. */
  readonly code: number | "forwarded" | "none";
  /** Whether its Close is waited for after it got ours. A leg that is gone, silent or broken is not waited for. */
  readonly answers: boolean;
}

/** One row of the truth table: who is told what, in which order, and what it says about the backend. */
export interface Truth {
  readonly by: Initiator;
  readonly client: LegTruth;
  readonly backend: LegTruth;
  /** Which leg's closing handshake comes first: the innocent one, so that what it still says is delivered. */
  readonly first: "client" | "backend";
  /** What the end counts as for the backend's health. */
  readonly health: "success" | "unexpected-close" | "protocol-error" | "heartbeat-timeout" | "none";
}

const told = (code: number): LegTruth => ({ code, answers: true });
const toldAtLast = (code: number): LegTruth => ({ code, answers: false });
const forwarded: LegTruth = { code: "forwarded", answers: true };
const gone: LegTruth = { code: "none", answers: false };

const { goingAway, protocolError, messageTooBig, serviceRestart } = CloseCode;
/** Nobody has done anything wrong, and the client is to come back. */
const moved: Truth = {
  by: "fairlead",
  client: told(serviceRestart),
  backend: told(goingAway),
  first: "backend",
  health: "none",
};

/**
 * What each party sees when a tunnel ends.
 *
 * 1012 (service restart) stands for every end that is not the client's doing, since every common client takes it and
 * reconnects: some refuse 1014 as invalid, and some take 1011 as fatal.
 */
export const TRUTH: Readonly<Record<EndCause, Truth>> = {
  "client-close": { by: "client", client: forwarded, backend: forwarded, first: "backend", health: "success" },
  "backend-close": { by: "backend", client: forwarded, backend: forwarded, first: "client", health: "success" },
  "client-vanished": { by: "client", client: gone, backend: told(goingAway), first: "backend", health: "none" },
  "backend-vanished": {
    by: "backend",
    client: told(serviceRestart),
    backend: gone,
    first: "client",
    health: "unexpected-close",
  },
  "client-protocol-error": {
    by: "client",
    client: toldAtLast(protocolError),
    backend: told(goingAway),
    first: "backend",
    health: "none",
  },
  "backend-protocol-error": {
    by: "backend",
    client: told(serviceRestart),
    backend: toldAtLast(protocolError),
    first: "client",
    health: "protocol-error",
  },
  "client-silent": {
    by: "client",
    client: toldAtLast(goingAway),
    backend: told(goingAway),
    first: "backend",
    health: "none",
  },
  "backend-silent": {
    by: "backend",
    client: told(serviceRestart),
    backend: toldAtLast(goingAway),
    first: "client",
    health: "heartbeat-timeout",
  },
  "client-stalled": { by: "client", client: gone, backend: told(goingAway), first: "backend", health: "none" },
  "backend-stalled": {
    by: "backend",
    client: told(serviceRestart),
    backend: gone,
    first: "client",
    health: "heartbeat-timeout",
  },
  "client-message-too-large": {
    by: "fairlead",
    client: toldAtLast(messageTooBig),
    backend: told(goingAway),
    first: "backend",
    health: "none",
  },
  "backend-message-too-large": {
    by: "fairlead",
    client: told(goingAway),
    backend: toldAtLast(messageTooBig),
    first: "client",
    health: "none",
  },
  idle: { by: "fairlead", client: told(goingAway), backend: told(goingAway), first: "backend", health: "none" },
  lifetime: { by: "fairlead", client: told(goingAway), backend: told(goingAway), first: "backend", health: "none" },
  drain: moved,
  rebalance: moved,
  operator: moved,
  shutdown: moved,
};

/** Reasons written into Close frames: short, and without an address or path of ours. */
export const CLOSE_REASON: Readonly<Record<EndCause, string>> = {
  "client-close": "",
  "backend-close": "",
  "client-vanished": "client went away",
  "backend-vanished": "backend went away",
  "client-protocol-error": "protocol error",
  "backend-protocol-error": "protocol error",
  "client-silent": "client does not answer",
  "backend-silent": "backend does not answer",
  "client-stalled": "client does not read",
  "backend-stalled": "backend does not read",
  "client-message-too-large": "message too large",
  "backend-message-too-large": "message too large",
  idle: "idle",
  lifetime: "end of lifetime",
  drain: "moving",
  rebalance: "moving",
  operator: "restarting",
  shutdown: "restarting",
};
