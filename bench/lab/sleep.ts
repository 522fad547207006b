import { setTimeout as wait } from "node:timers/promises";

/** Waits; rejects when the benchmark is stopped. */
export async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  await wait(milliseconds, undefined, { signal });
}
