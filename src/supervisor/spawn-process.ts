import { fork } from "node:child_process";
import type { SendHandle } from "node:child_process";
import { fileURLToPath } from "node:url";

import { discard } from "../wire/index.ts";
import type { Accepted } from "../wire/index.ts";

import type { FromWorker } from "./messages.ts";
import type { Spawn } from "./seat.ts";

/** The file that a worker process runs: beside this one, as TypeScript in a checkout and as JavaScript when built. */
const IS_CHECKOUT = import.meta.url.endsWith(".ts");
const WORKER_FILE = fileURLToPath(new URL(IS_CHECKOUT ? "worker-process.ts" : "worker-process.js", import.meta.url));
/** Some versions of Node warn that running TypeScript is experimental. */
const CHECKOUT_OPTIONS = IS_CHECKOUT ? ["--disable-warning=ExperimentalWarning"] : [];
/**
 * As in `bin/fairlead.cjs`: V8 does not enlarge the space for young objects, which it would never give back. On the command
 * line it takes no notice of the factor by which it grows; so this is the size at which it begins, in MiB.
 */
const WORKER_OPTIONS = ["--max-semi-space-size=1", ...CHECKOUT_OPTIONS];

/** Workers that are processes of their own. A heap that is exhausted, or a crash, ends one of them only. */
export function spawnProcesses(): Spawn {
  return (onMessage, onExit) => {
    const execArgv = [...process.execArgv, ...WORKER_OPTIONS];
    const child = fork(WORKER_FILE, [], { serialization: "advanced", execArgv });
    const given = new Given();
    let gone = false;
    const onGone = (how: string): void => {
      if (gone) return;
      gone = true;
      given.release(Number.POSITIVE_INFINITY);
      onExit(how);
    };
    child.on("message", (received) => {
      const message = received as FromWorker; // only this module's counterpart writes to the channel
      if (message.type === "taken") given.release(message.connection);
      onMessage(message);
    });
    child.once("exit", (code, signal) => onGone(signal ?? `exit code ${code}`));
    child.on("error", (error) => {
      if (child.pid === undefined) onGone(error.message);
    });
    return {
      pid: child.pid ?? 0,
      send(message) {
        if (child.connected) child.send(message, ignore);
      },
      give(listener, accepted) {
        const connection = given.add(accepted);
        if (child.connected) child.send({ type: "connection", listener, connection }, sendable(accepted), KEPT, ignore);
        else given.release(connection);
      },
      giveTurn(listener, turn, { handle }) {
        if (child.connected) child.send({ type: "turn", listener, turn }, sendable(handle), ignore);
      },
      kill() {
        child.kill("SIGKILL");
      },
    };
  };
}

/** Node sends handles as well as sockets and servers; its types do not know that. */
function sendable(handle: unknown): SendHandle {
  return handle as SendHandle;
}

/** Node would close its own copy only when the worker has the other, and never when the worker ends before that. */
const KEPT = { keepOpen: true };

/**
 * Our copies of the connections that are on their way to a worker. They are closed when the worker has its own, and when
 * it has ended: a connection that nobody took must not stay open.
 */
class Given {
  private readonly held = new Map<number, Accepted>();
  private last = 0;

  /** Gives the connection's number. */
  add(accepted: Accepted): number {
    this.last += 1;
    this.held.set(this.last, accepted);
    return this.last;
  }

  /** Lets go of all up to this one: connections arrive in order, so what has not come by then is lost. */
  release(upTo: number): void {
    for (const [connection, accepted] of this.held) {
      if (connection > upTo) return;
      this.held.delete(connection);
      discard(accepted);
    }
  }
}

/** What cannot be sent was meant for a worker that is gone, which is told by its exit. */
function ignore(): void {}
