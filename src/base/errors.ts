/** Whose doing an error is: decides who is told, and which health or status follows. */
export type Fault = "client" | "backend" | "operator" | "fairlead";

interface ErrorKind {
  readonly fault: Fault;
  /** Whether the same attempt may succeed elsewhere: with another backend, or later. */
  readonly retry: boolean;
  /** One line for the reference. */
  readonly meaning: string;
}

const kind = (fault: Fault, retry: boolean, meaning: string): ErrorKind => ({ fault, retry, meaning });

/** Every code that an error of fairlead can carry. `docs/errors.md` lists the same, and a test holds them together. */
export const ERROR_CODES = {
  BACKEND_REFUSED: kind("backend", true, "The backend refused or reset the connection before it answered."),
  BACKEND_UNREACHABLE: kind("backend", true, "No route to the backend, or its name could not be resolved."),
  BACKEND_CONNECT_TIMEOUT: kind(
    "backend",
    true,
    "The backend did not accept the connection within dial.connectTimeout.",
  ),
  BACKEND_HANDSHAKE_TIMEOUT: kind(
    "backend",
    true,
    "The backend accepted the connection but did not answer within dial.handshakeTimeout.",
  ),
  BACKEND_TLS: kind(
    "backend",
    true,
    "The TLS connection to the backend failed, for example because its certificate could not be verified.",
  ),
  BACKEND_CLOSED_EARLY: kind("backend", true, "The backend closed the connection before its answer was complete."),
  BACKEND_BAD_HEAD: kind("backend", true, "The head of the backend's answer is not valid HTTP/1.1, or is too large."),
  BACKEND_BAD_UPGRADE: kind(
    "backend",
    true,
    "The backend answered 101, but not to the handshake that the client sent.",
  ),
  BACKEND_UNAVAILABLE: kind("backend", true, "The backend answered 502, 503 or 504."),
  LOCAL_RESOURCES: kind("fairlead", true, "This machine has no descriptor or local port left for another connection."),
  NO_ROOM: kind("operator", true, "As many tunnels are open as limits.maxTunnels or the limit on open files allows."),
  NO_CANDIDATE: kind("backend", true, "No backend of the pool could take the connection."),
  CLIENT_GONE: kind("client", false, "The client went away before its request was answered."),
  CLIENT_BAD_REQUEST: kind("client", false, "The request is not one that fairlead passes on."),
  NO_ROUTE: kind("client", false, "No route takes the request, and there is no default pool."),
  ORIGIN_REFUSED: kind(
    "client",
    false,
    "The page that opened the socket is of an origin that the route does not take.",
  ),
  INTERNAL: kind("fairlead", false, "Something in fairlead failed that should not; the log has the details."),
  BAD_HEAD: kind("fairlead", false, "A head was to be written with characters that a head must not contain."),
  CONFIG_INVALID: kind("operator", false, "The configuration has mistakes; each is named with its place."),
  NOT_FOUND: kind("operator", false, "The admin API was asked about something that is not there."),
  INPUT_INVALID: kind(
    "operator",
    false,
    "The admin API was asked for something in a wrong way; each mistake is named.",
  ),
  CONFLICT: kind("operator", false, "What the admin API was asked for does not fit to what there is."),
  OVERLOADED: kind(
    "operator",
    true,
    "Every backend of the pool has as many connections as it may have, or gets new ones as fast as it may.",
  ),
  UPGRADE_FAILED: kind("fairlead", false, "The new instance that was to take over did not start; the old one goes on."),
  USAGE: kind("operator", false, "The command line is not one that fairlead understands."),
  ADMIN_UNREACHABLE: kind("operator", true, "Nothing answers where the admin API was asked for."),
  ADMIN_DENIED: kind(
    "operator",
    false,
    "The admin API refuses who asks: it wants a token, another one, or to be called by another name.",
  ),
  LISTEN_FAILED: kind("operator", false, "An address could not be listened on."),
  TLS_FILES: kind("operator", false, "A certificate, key or CA could not be read or does not fit."),
  WORKER_FAILED: kind("fairlead", true, "A worker process did not start or ended unexpectedly."),
  STOPPED: kind("operator", false, "The balancer is being stopped, or has been."),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** An error that says what happened, whose doing it is, whether trying again can help, and what caused it. */
export class FairleadError extends Error {
  readonly code: ErrorCode;
  readonly fault: Fault;
  readonly retry: boolean;

  /**
   * @param code one of {@link ERROR_CODES}; gives `fault` and `retry`
   * @param message what is wrong, where, and what would be right
   * @param cause the error beneath, if there is one
   */
  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "FairleadError";
    this.code = code;
    this.fault = ERROR_CODES[code].fault;
    this.retry = ERROR_CODES[code].retry;
  }
}
