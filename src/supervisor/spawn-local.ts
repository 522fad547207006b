import type { Spawn } from "./seat.ts";
import { Worker } from "./worker.ts";
import type { WorkerWorld } from "./worker.ts";

/** Workers that live in this process: for `--workers 1`, and for programs that embed fairlead. */
export function spawnLocal(world: Omit<WorkerWorld, "send">): Spawn {
  return (onMessage, onExit) => {
    let worker: Worker | undefined;
    let gone = false;
    return {
      pid: process.pid,
      send(message) {
        if (gone) return;
        if (message.type !== "start") {
          worker?.receive(message);
          return;
        }
        worker = new Worker(message.start, { ...world, send: onMessage });
        void worker.open();
      },
      kill() {
        if (gone) return;
        gone = true;
        worker?.destroy();
        queueMicrotask(onExit);
      },
    };
  };
}
