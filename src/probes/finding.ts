import type { Milliseconds } from "../base/index.ts";
import type { BackendConfig, PoolTls } from "../config/index.ts";
import type { FailureSignal } from "../health/index.ts";

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
  /** The backend has said how loaded it is; what is no number from 0 to 1 is passed over. */
  readonly tellLoad: (header: string | readonly string[] | undefined) => void;
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

/** In its answer to a probe a backend may say how loaded it is, from 0 (idle) to 1 (full). */
export const LOAD_HEADER = "fairlead-load";

/** Undefined for what says nothing. */
export function readLoad(header: string | readonly string[] | undefined): number | undefined {
  const text = typeof header === "string" ? header.trim() : "";
  if (!/^(?:0|1|0?\.\d+|[01]\.\d*)$/.test(text)) return undefined;
  const load = Number(text);
  return load <= 1 ? load : undefined;
}
