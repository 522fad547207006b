/** What a worker process runs. The supervisor's messages are all that it listens to; signals are the supervisor's to handle. */
import { systemClock, systemRandom } from "../base/index.ts";

import { createLogger, logsRecords } from "./logging.ts";
import type { FromWorker, ToWorker } from "./messages.ts";
import { Worker } from "./worker.ts";

let worker: Worker | undefined;

function send(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

function receive(message: ToWorker): void {
  if (message.type !== "start") {
    worker?.receive(message);
    return;
  }
  const { log } = message.start.config;
  const logger = createLogger(log, process.stdout, (process.env["NO_COLOR"] ?? "") !== "").child({ worker: message.start.workerId });
  const onRecord = logsRecords(logger, log);
  worker = new Worker(message.start, { clock: systemClock, random: systemRandom, logger, onRecord, send });
  void worker.open();
}

process.on("message", (message: ToWorker) => receive(message));
// Ctrl-C reaches the whole process group; the supervisor decides what comes of it.
process.on("SIGINT", () => {});
process.on("SIGHUP", () => {});
// Somebody wants this one worker gone: it is replaced first.
process.on("SIGTERM", () => send({ type: "leaving" }));
