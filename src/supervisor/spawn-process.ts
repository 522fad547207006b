import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

import type { FromWorker } from "./messages.ts";
import type { Spawn } from "./seat.ts";

/** The file that a worker process runs: beside this one, as TypeScript in a checkout and as JavaScript when built. */
const IS_CHECKOUT = import.meta.url.endsWith(".ts");
const WORKER_FILE = fileURLToPath(new URL(IS_CHECKOUT ? "worker-process.ts" : "worker-process.js", import.meta.url));
/** Some versions of Node warn that running TypeScript is experimental. */
const WORKER_OPTIONS = IS_CHECKOUT ? ["--disable-warning=ExperimentalWarning"] : [];

/** Workers that are processes of their own. A heap that is exhausted, or a crash, ends one of them only. */
export function spawnProcesses(): Spawn {
  return (onMessage, onExit) => {
    const execArgv = [...process.execArgv, ...WORKER_OPTIONS];
    const child = fork(WORKER_FILE, [], { serialization: "advanced", execArgv });
    let gone = false;
    const onGone = (): void => {
      if (gone) return;
      gone = true;
      onExit();
    };
    // Only this module's counterpart writes to the channel.
    child.on("message", (message) => onMessage(message as FromWorker));
    child.once("exit", onGone);
    child.on("error", () => {
      if (child.pid === undefined) onGone();
    });
    return {
      pid: child.pid ?? 0,
      send(message) {
        if (child.connected) child.send(message, ignore);
      },
      give(listener, socket) {
        if (child.connected) child.send({ type: "connection", listener }, socket, ignore);
        else socket.destroy();
      },
      kill() {
        child.kill("SIGKILL");
      },
    };
  };
}

/** What cannot be sent was meant for a worker that is gone, which is told by its exit. */
function ignore(): void {}
