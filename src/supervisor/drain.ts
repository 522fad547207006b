import { setTimeout as delay } from "node:timers/promises";

import type { Clock, Milliseconds } from "../base/index.ts";
import type { Listener } from "../listener/index.ts";

/** Steps in which tunnels are ended while a drain lasts. */
const STEP_MS = 50;
/** What the last tunnels and requests get on top of a drain's time, for their closing handshakes. */
export const DRAIN_GRACE_MS: Milliseconds = 7_000;

/** What a drain does with a gateway. */
export interface Drained {
  draining: boolean;
  readonly tunnels: ReadonlySet<{
    readonly tunnel: { readonly cause: unknown; end(cause: "shutdown"): void };
  }>;
  readonly world: { readonly clock: Clock };
  idle(): Promise<void>;
}

/** Resolves after a time; rejects as soon as the signal says so. */
type Sleep = (time: Milliseconds, signal: AbortSignal) => Promise<void>;

/**
 * Ends all tunnels of a gateway, evenly spread over a time, so that their clients do not all come back at once. Requests
 * in flight are answered.
 *
 * @param sleep how it waits; on the same clock as the gateway's
 * @returns whether everything ended by itself, and every answer has left
 */
export async function drainGateway(
  gateway: Drained,
  listeners: readonly Pick<Listener, "closeIdle" | "answered">[],
  over: Milliseconds,
  sleep: Sleep = (time, signal) => delay(time, undefined, { signal }),
): Promise<boolean> {
  gateway.draining = true;
  for (const listener of listeners) listener.closeIdle();
  const stop = new AbortController();
  const idle = idleOf(gateway, listeners);
  const paced = endPaced(gateway, over, sleep, stop.signal).catch(() => {});
  const late = sleep(over + DRAIN_GRACE_MS, stop.signal).then(() => false);
  late.catch(() => {});
  const clean = await Promise.race([idle, late]);
  stop.abort();
  await paced;
  return clean;
}

async function idleOf(gateway: Drained, listeners: readonly Pick<Listener, "answered">[]): Promise<true> {
  await gateway.idle();
  await Promise.all(listeners.map((listener) => listener.answered()));
  return true;
}

async function endPaced(gateway: Drained, over: Milliseconds, sleep: Sleep, signal: AbortSignal): Promise<void> {
  const { clock } = gateway.world;
  const begun = clock.now();
  const total = gateway.tunnels.size;
  let ended = 0;
  for (;;) {
    const elapsed = clock.now() - begun;
    const share = elapsed >= over ? 1 : (elapsed + STEP_MS) / (over + STEP_MS);
    ended += endSome(gateway, share === 1 ? gateway.tunnels.size : Math.ceil(total * share) - ended);
    // Handshakes under way when the drain began become tunnels later; they are ended as they come.
    await sleep(STEP_MS, signal);
  }
}

function endSome(gateway: Drained, count: number): number {
  let ended = 0;
  for (const { tunnel } of gateway.tunnels) {
    if (ended >= count) break;
    if (tunnel.cause !== undefined) continue;
    tunnel.end("shutdown");
    ended += 1;
  }
  return ended;
}
