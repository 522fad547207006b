/** One instance: its workers, the truth that they share, its logs. */
export { type Instance, type InstanceOptions, type ListeningAddress, runInstance } from "./instance.ts";
export { createLogger, type LogOutput, logsRecords } from "./logging.ts";
export { version } from "./version.ts";
