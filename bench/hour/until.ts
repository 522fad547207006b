import { sleep } from "../lab/sleep.ts";

/** In milliseconds. */
const INTERVAL = 50;
const TIMEOUT = 60_000;

/**
 * Waits until something is so; an attempt that throws counts as not yet, since processes come and go.
 *
 * @throws Error when it is not so in time
 */
export async function until(
  what: string,
  signal: AbortSignal,
  isSo: () => Promise<boolean> | boolean,
  timeout: number = TIMEOUT,
): Promise<void> {
  const deadline = performance.now() + timeout;
  let failure = "";
  for (;;) {
    try {
      if (await isSo()) return;
      failure = "";
    } catch (error) {
      failure = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    if (performance.now() > deadline) throw new Error(`not within ${timeout / 1000} s: ${what}${failure}`);
    await sleep(INTERVAL, signal);
  }
}
