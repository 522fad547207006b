import type { Milliseconds } from "../base/index.ts";
import type { BackendConfig, PoolTls } from "../config/index.ts";
import type { FailureSignal } from "../health/index.ts";
import type { RawHeaders } from "../http/index.ts";

/** What a probe found wrong. */
export interface ProbeFailure {
  readonly signal: FailureSignal;
  /** For people; names no address but what the system says in its own errors. */
  readonly reason: string;
}

/** What came of a probe. */
export interface ProbeFinding {
  /** Undefined when all is well. */
  readonly failure: ProbeFailure | undefined;
  /** Time to its answer: to the connection, to the whole response, or to the pong. Undefined when there was none. */
  readonly rttMs: Milliseconds | undefined;
  /** How loaded the backend says that it is, 0 to 1; undefined when it says nothing. */
  readonly load: number | undefined;
}

/** What a kind of probe is given. */
export interface ProbeWork<Question> {
  readonly backend: BackendConfig;
  readonly tls: PoolTls;
  readonly question: Question;
  /** The backend has answered with this head, in which it may say how loaded it is. */
  readonly tellLoad: (headers: RawHeaders) => void;
  /** All is well. What is told later counts for nothing. */
  readonly pass: (rttMs: Milliseconds) => void;
  /** Something is wrong. */
  readonly fail: (signal: FailureSignal, reason: string) => void;
}

/**
 * One kind of probe: it begins, and tells what it finds when it has found it. It has no timer of its own.
 *
 * @returns lets go of the connection; called exactly once, when the probe has passed, failed or is given up
 */
export type ProbeKind<Question> = (work: ProbeWork<Question>) => (passed: boolean) => void;
