import { FairleadError } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";
import { reportedLoad } from "../http/index.ts";
import type { Backend, Pool } from "../pool/index.ts";
import type { Dial, DialOutcome } from "../relay/index.ts";

import type { Gateway } from "./gateway.ts";
import { signalOf } from "./outcomes.ts";

/**
 * Waits for the outcome of a dial that has just begun, and counts it: for metrics, health and balancing. It counts the
 * same whether the tunnel is new or gets another backend.
 *
 * @param id the tunnel's
 * @throws FairleadError the dial's
 */
export async function followDial(
  gateway: Gateway,
  pool: Pool,
  backend: Backend,
  dial: Dial,
  id: string,
): Promise<DialOutcome> {
  const { world } = gateway;
  const begun = world.clock.now();
  try {
    const outcome = await dial.outcome;
    world.meters.dialled(pool.name, backend.name, outcome.kind);
    noteAnswer(gateway, pool, backend, outcome, world.clock.now() - begun);
    gateway.signal(pool, backend, "success");
    return outcome;
  } catch (error) {
    if (error instanceof FairleadError) noteFailure(gateway, pool, backend, id, error, world.clock.now() - begun);
    throw error;
  }
}

/** What an answer says of how fast and how loaded the backend is. How fast it refuses does not tell how fast it serves. */
function noteAnswer(
  { world }: Gateway,
  pool: Pool,
  backend: Backend,
  { kind, response }: DialOutcome,
  time: Milliseconds,
): void {
  if (kind === "upgraded") {
    pool.noteHandshake(backend, time);
    world.onTime(pool, backend, "handshake", time);
  }
  const load = reportedLoad(response.headers);
  if (load !== undefined) pool.noteReport(backend, load);
}

/** It is held against the backend if it is its fault. */
function noteFailure(
  gateway: Gateway,
  pool: Pool,
  backend: Backend,
  id: string,
  error: FairleadError,
  time: Milliseconds,
): void {
  const { meters, logger } = gateway.world;
  meters.dialled(pool.name, backend.name, error.code);
  if (error.code === "CLIENT_GONE") return;
  logger.warn({ id, code: error.code, backend: backend.name }, error.message);
  // Whoever lets clients wait for nothing has let them wait all the same.
  if (isTimeout(error)) pool.noteHandshake(backend, time);
  const signal = signalOf(error);
  if (signal !== undefined) gateway.backendFailed(pool, backend, signal);
}

function isTimeout({ code }: FairleadError): boolean {
  return code === "BACKEND_CONNECT_TIMEOUT" || code === "BACKEND_HANDSHAKE_TIMEOUT";
}
