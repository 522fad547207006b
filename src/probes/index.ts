/** Asking backends whether they are well. */
export { probe, type ProbeFailure, type ProbeOptions } from "./probe.ts";
