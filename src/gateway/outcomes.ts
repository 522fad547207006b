import type { FairleadError } from "../base/index.ts";
import type { HealthSignal } from "../health/index.ts";

/** What a failed attempt counts as for the backend's health; undefined when it says nothing about the backend. */
export function signalOf(error: FairleadError): Exclude<HealthSignal, "success"> | undefined {
  if (error.fault !== "backend") return undefined;
  const brokeProtocol = error.code === "BACKEND_BAD_UPGRADE" || error.code === "BACKEND_BAD_HEAD";
  return brokeProtocol ? "protocol-error" : "dial-failed";
}

/** What a client is told when nobody took its connection. Names no backend. */
export function noCandidate(attempts: number): string {
  return attempts === 0 ? "No backend is available." : "No backend could take the connection.";
}
