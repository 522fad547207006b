import { ERROR_CODES, type ErrorCode, FairleadError } from "../base/index.ts";

/** What the admin API, or the way to it, has against something that was asked for. */
export class AdminError extends FairleadError {
  /** Its mistakes, one line each. */
  readonly problems: readonly string[];

  constructor(code: ErrorCode, message: string, problems: readonly string[] = [], cause?: unknown) {
    super(code, message, cause);
    this.name = "AdminError";
    this.problems = problems;
  }
}

/** Whether a text is the code of an error of ours. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}
