import { performance } from "node:perf_hooks";
import { Worker } from "node:worker_threads";
import type { Count } from "./count.ts";
import { type Driver, finish } from "./driver.ts";
import { preparedFrames } from "./frames.ts";
import { pushTime } from "./times.ts";
import type { Tunnel } from "./tunnel.ts";

/** Time between two bursts, in milliseconds. */
const TICK = 1;

/** Number of messages whose intended start is in the first `ticks` ticks. */
export function dueBy(ticks: number, rate: number): number {
  return Math.floor((ticks * TICK * rate) / 1000);
}

/**
 * Sends `rate` messages a second whether answers come or not. Those of one tick are intended for its end; their latency
 * counts from there even when they went out late, so a stall costs what it would cost the users (no coordinated
 * omission). A thread of its own beats the time: node's timers are late by up to a millisecond.
 */
export function openLoop(tunnels: readonly Tunnel[], size: number, rate: number, count: Count): Driver {
  const frame = preparedFrames(size, true);
  const metronome = new Worker(new URL("metronome.ts", import.meta.url), { workerData: { tick: TICK }, execArgv: [] });
  let start = performance.now();
  let ticks = 0;
  let open = 0;
  let turn = 0;
  const send = (intended: number): void => {
    const tunnel = tunnels[turn];
    turn = (turn + 1) % tunnels.length;
    if (tunnel === undefined) return;
    pushTime(tunnel.times, intended);
    open += 1;
    tunnel.socket.write(frame);
  };
  const begun = Promise.withResolvers<void>();
  metronome.once("message", () => {
    // The first beat tells that the thread is up.
    start = performance.now();
    begun.resolve();
    metronome.on("message", () => {
      for (; start + (ticks + 1) * TICK <= performance.now(); ticks += 1) {
        const messages = dueBy(ticks + 1, rate) - dueBy(ticks, rate);
        for (let i = 0; i < messages; i += 1) send(start + (ticks + 1) * TICK);
      }
    });
  });
  return {
    begun: begun.promise,
    answered(tunnel, messages) {
      open -= messages;
      finish(count, tunnel, messages);
    },
    stop() {
      metronome.removeAllListeners("message");
      void metronome.terminate();
    },
    underWay: () => open,
  };
}
