import { FairleadError } from "../base/index.ts";
import type { ErrorCode } from "../base/index.ts";
import { ConfigError, InputError } from "../config/index.ts";

/** One mistake in what was asked for. */
export interface InputProblem {
  /** The field or parameter, as people write it: `backend`, `hosts[1]`; empty for the whole. */
  readonly path: string;
  /** What is wrong; what would be right. */
  readonly message: string;
  /** Where it was written, such as `fairlead.yaml:3:7`; only of mistakes in the configuration. */
  readonly place?: string;
}

/** What the admin API refuses because of the request's form, before the instance is asked. */
export const REFUSALS = {
  BAD_REQUEST: 400,
  UNAUTHORIZED: 401,
  FORBIDDEN: 403,
  METHOD_NOT_ALLOWED: 405,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  MISDIRECTED: 421,
  TOO_MANY_STREAMS: 503,
} as const;

/** A request that is refused because of its form. */
export class Refusal extends Error {
  readonly code: keyof typeof REFUSALS;
  readonly headers: Readonly<Record<string, string>>;

  /**
   * @param message what is wrong, and what would be right
   * @param headers to be sent with the answer
   */
  constructor(code: keyof typeof REFUSALS, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = "Refusal";
    this.code = code;
    this.headers = headers;
  }
}

/** Errors of the instance that are not 500. */
export const STATUSES: Readonly<Partial<Record<ErrorCode, number>>> = {
  NOT_FOUND: 404,
  CONFLICT: 409,
  LISTEN_FAILED: 409,
  INPUT_INVALID: 422,
  CONFIG_INVALID: 422,
  TLS_FILES: 422,
  STOPPED: 503,
};

/** The body of every answer that tells of an error. */
export interface ErrorBody {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly problems?: readonly InputProblem[];
  };
}

/** An error as it is answered. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorBody;
}

/** How an error is told; what is not known to be anybody's doing is a 500 that tells nothing. */
export function errorAnswer(error: unknown): ErrorAnswer {
  if (error instanceof Refusal) {
    const { code, message, headers } = error;
    return { status: REFUSALS[code], headers, body: { error: { code, message } } };
  }
  if (!(error instanceof FairleadError)) {
    const message = "Something in fairlead failed that should not; the log has the details.";
    return { status: 500, headers: {}, body: { error: { code: "INTERNAL", message } } };
  }
  const { code, message } = error;
  const problems = problemsOf(error);
  const body = { error: { code, message, ...(problems !== undefined && { problems }) } };
  return { status: STATUSES[code] ?? 500, headers: {}, body };
}

function problemsOf(error: FairleadError): readonly InputProblem[] | undefined {
  if (error instanceof InputError) return error.problems;
  if (!(error instanceof ConfigError)) return undefined;
  return error.problems.map(({ path, message, place }) => ({
    path,
    message,
    ...(place !== undefined && { place: "name" in place ? place.name : `${place.file}:${place.line}:${place.column}` }),
  }));
}
