import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";

import { FairleadError } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";

import { formatInherited } from "./inherited.ts";
import type { Estate } from "./instance.ts";
import type { KnownBackend } from "./known.ts";
import { News } from "./news.ts";
import type { BackendLoad, FromSuccessor, ToSuccessor } from "./succession.ts";

/** How long a new process may take until it serves. */
const START_TIMEOUT_MS: Milliseconds = 30_000;
/** How often the new process is told what this one still has on backends, where that has changed. */
const LOAD_INTERVAL_MS: Milliseconds = 100;
/** How often it is told what this one knows of them, likewise: after its start that is of less use. */
const KNOWLEDGE_INTERVAL_MS: Milliseconds = 500;
/** In the new process: standard streams, and the channel, come before the sockets. */
const FIRST_DESCRIPTOR = 4;

/** A process that is to replace this one. */
export interface Successor {
  readonly pid: number;
  /**
   * Resolves when it serves at all addresses.
   *
   * @throws FairleadError UPGRADE_FAILED with its reason; it is gone then
   */
  readonly ready: Promise<void>;
  /** Asks it to end, as whoever runs it would. */
  stop(): void;
  /** From now on it knows nothing of this process, which can end without it. */
  release(): void;
}

/** How a successor is started. */
export interface SuccessorCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** How long it may take until it serves. */
  readonly timeout: Milliseconds;
}

/** The command that this process was started with; what stands at those paths by now is what runs. */
function ownCommand(): SuccessorCommand {
  const args = [...process.execArgv, ...process.argv.slice(1)];
  return { file: process.execPath, args, timeout: START_TIMEOUT_MS };
}

/**
 * Starts the process that is to replace this one, and gives it the listening sockets. Both accept from then on, until
 * this one stops.
 *
 * @throws FairleadError UPGRADE_FAILED when the sockets cannot be handed on
 */
export function startSuccessor(estate: Estate, command: SuccessorCommand = ownCommand()): Successor {
  const sockets = estate.descriptors();
  const names = sockets.map(({ name }, index) => ({ name, fd: FIRST_DESCRIPTOR + index }));
  const child = spawn(command.file, command.args, {
    // A group of its own: what ends this process's group does not end the new one.
    detached: true,
    stdio: ["ignore", "inherit", "inherit", "ipc", ...sockets.map(({ fd }) => fd)],
    // The service manager watches over this process until it is told of the other one.
    env: { ...process.env, FAIRLEAD_INHERIT: formatInherited(names), WATCHDOG_PID: undefined },
  });
  const send = (message: ToSuccessor): void => {
    if (child.connected) child.send(message, ignore);
  };
  const { secret, ticketKeys, changes: made } = estate;
  send({ type: "legacy", legacy: { secret, ticketKeys, changes: made }, known: estate.known() });
  const loads = new News<BackendLoad>({
    look: () => estate.loads(),
    tell: (changes) => send({ type: "loads", changes }),
    interval: LOAD_INTERVAL_MS,
    nothing: 0,
  });
  const knowledge = new News<KnownBackend>({
    look: () => Promise.resolve(estate.known()),
    tell: (known) => send({ type: "loads", changes: [], known }),
    interval: KNOWLEDGE_INTERVAL_MS,
  });
  void loads.follow();
  void knowledge.follow();
  const release = (): void => {
    loads.stop();
    knowledge.stop();
    if (child.connected) child.disconnect();
    child.unref();
  };
  return {
    pid: child.pid ?? 0,
    ready: outcome(child, command.timeout).catch((error: unknown) => {
      child.kill("SIGKILL");
      release();
      throw error;
    }),
    stop: () => void child.kill("SIGTERM"),
    release,
  };
}

async function outcome(child: ChildProcess, timeout: Milliseconds): Promise<void> {
  const over = new AbortController();
  const told = new Promise<string | undefined>((resolve) => {
    child.on("message", (received) => {
      const message = received as FromSuccessor; // only a fairlead that was started with this channel writes to it
      if (message.type === "ready") resolve(undefined);
      else if (message.type === "failed") resolve(`${message.message} (${message.code})`);
    });
    child.once("error", ({ message }) => resolve(message));
    child.once("exit", (code, signal) => {
      resolve(`it ended with ${signal ?? `exit code ${code}`} before it was ready; its output may say why`);
    });
  });
  const late = delay(timeout, `it was not ready within ${timeout / 1000} s`, { signal: over.signal, ref: false });
  late.catch(ignore);
  const reason = await Promise.race([told, late]);
  over.abort();
  // A channel that breaks later is no news: the other process has ended, or been told to know nothing of this one.
  child.on("error", ignore);
  if (reason !== undefined) {
    throw new FairleadError("UPGRADE_FAILED", `The new instance did not start, and this one goes on: ${reason}`);
  }
}

/** What cannot be sent was meant for a process that is gone, which is told by its exit. */
function ignore(): void {}
