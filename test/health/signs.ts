import type { VitalSigns } from "../../src/health/index.ts";

/** A report of a worker that has seen nothing. */
export const NOTHING: VitalSigns = {
  attempts: 0,
  failures: 0,
  lost: 0,
  open: 0,
  opened: 0,
  tunnelMs: 0,
  handshakes: [],
  rtts: [],
};
