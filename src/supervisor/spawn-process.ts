import cluster from "node:cluster";
import { fileURLToPath } from "node:url";

import type { FromWorker, ToWorker } from "./messages.ts";
import type { Spawn } from "./seat.ts";

/** The file that a worker process runs: beside this one, as TypeScript in a checkout and as JavaScript when built. */
const WORKER_FILE = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "worker-process.ts" : "worker-process.js", import.meta.url),
);

/**
 * Workers that are processes of their own (`node:cluster`). A heap that is exhausted, or a crash, ends one of them only.
 */
export function spawnProcesses(): Spawn {
  // The supervisor accepts and hands over in turn: sockets stay even over workers, and none is lost while one is replaced.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  cluster.setupPrimary({ exec: WORKER_FILE, args: [], serialization: "advanced" });
  return (onMessage, onExit) => {
    const worker = cluster.fork();
    worker.on("message", (message: FromWorker) => onMessage(message));
    worker.on("error", () => {});
    worker.once("exit", onExit);
    return {
      pid: worker.process.pid ?? 0,
      send(message: ToWorker) {
        if (worker.isConnected()) worker.send(message, () => {});
      },
      kill() {
        worker.process.kill("SIGKILL");
      },
    };
  };
}
