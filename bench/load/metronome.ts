import { parentPort, workerData } from "node:worker_threads";

/** Beats every `tick` milliseconds; waiting on memory wakes within some 60 us, where a timer of the event loop needs up to 1 ms. */
const { tick } = workerData as { tick: number };
const nobodyWakes = new Int32Array(new SharedArrayBuffer(4));

for (let next = performance.now(); ; next += tick) {
  const wait = next - performance.now();
  if (wait > 0) Atomics.wait(nobodyWakes, 0, 0, wait);
  parentPort?.postMessage(0);
}
