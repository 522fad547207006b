import { discard } from "../wire/index.ts";

import type { Spawn } from "./seat.ts";
import { openWorker } from "./worker.ts";
import type { Worker, WorkerWorld } from "./worker.ts";

/** Workers that live in this process: for `--workers 1`, and for programs that embed fairlead. */
export function spawnLocal(world: Omit<WorkerWorld, "send">): Spawn {
  return (onMessage, onExit) => {
    let worker: Worker | undefined;
    let gone = false;
    return {
      pid: process.pid,
      send(message) {
        if (gone) return;
        if (message.type === "start") worker = openWorker(message.start, { ...world, send: onMessage });
        else worker?.receive(message);
      },
      give(listener, accepted) {
        if (gone || worker === undefined) discard(accepted);
        else worker.accept(listener, 0, accepted);
      },
      kill() {
        if (gone) return;
        gone = true;
        worker?.destroy();
        queueMicrotask(() => onExit("ended"));
      },
    };
  };
}
