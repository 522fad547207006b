/** Asking backends whether they are well. */
export type { ProbeFailure, ProbeFinding } from "./finding.ts";
export { probe } from "./probe.ts";
export type { ProbeQuestion } from "./probe.ts";
