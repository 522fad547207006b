import { setTimeout as wait } from "node:timers/promises";

import type { Milliseconds } from "../base/index.ts";
import type { Signals } from "./serve.ts";

/** Whether somebody who waits has been told to stop: Ctrl-C, or a signal that asks for an end. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** Waits; less when it is told to stop. */
  sleep(time: Milliseconds): Promise<void>;
  release(): void;
}

/** Takes the signals that ask for an end, until it is released. */
export function takeInterrupts(signals: Signals): Interrupt {
  const controller = new AbortController();
  const { signal } = controller;
  const stop = (): void => controller.abort();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) signals.on(name, stop);
  return {
    signal,
    sleep: (time) => wait(time, undefined, { signal }).catch(() => undefined),
    release: () => {
      for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) signals.off(name, stop);
    },
  };
}
