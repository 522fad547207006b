/** What a worker process runs. The supervisor's messages are all that it listens to; signals are the supervisor's to handle. */
import { systemClock, systemRandom } from "../base/index.ts";
import type { Accepted, ServerHandle } from "../wire/index.ts";

import { Lines } from "./logging.ts";
import type { FromWorker, ToWorker, WorkerStart } from "./messages.ts";
import { openWorker } from "./worker.ts";
import type { Worker } from "./worker.ts";

type Message =
  | ToWorker
  | { readonly type: "connection"; readonly listener: string; readonly connection: number }
  | { readonly type: "turn"; readonly listener: string; readonly turn: number };

let worker: Worker | undefined;
let lines: Lines | undefined;

function send(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

function begin(start: WorkerStart): void {
  const noColor = (process.env["NO_COLOR"] ?? "") !== "";
  lines = new Lines(start.config.log, process.stdout, noColor, { worker: start.workerId });
  const { logger, record: onRecord } = lines;
  worker = openWorker(start, { clock: systemClock, random: systemRandom, logger, onRecord, send });
}

function receive(message: Message, handle: unknown): void {
  if (message.type === "plan") lines?.use(message.plan.config.log);
  if (message.type === "start") begin(message.start);
  // Only the supervisor writes to the channel; what it sends with these is what they are about. Without it, the client
  // has gone away on the way here.
  else if (message.type === "connection")
    worker?.accept(message.listener, message.connection, handle as Accepted | undefined);
  else if (message.type === "turn") worker?.takeTurn(message.listener, message.turn, handle as ServerHandle);
  else worker?.receive(message);
}

process.on("message", (message: Message, handle) => receive(message, handle));
// Nobody watches over a worker without its supervisor, and nobody gives it connections.
process.on("disconnect", () => process.exit(1));
// Whoever read the log lines is gone; that is no reason to end tunnels.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});
// Ctrl-C reaches the whole process group; the supervisor decides what comes of it.
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});
// It is the supervisor that is replaced by another one.
process.on("SIGUSR2", () => {});
// Somebody wants this one worker gone: it is replaced first.
process.on("SIGTERM", () => send({ type: "leaving" }));
