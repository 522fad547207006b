/** One instance: its workers, the truth that they share, its logs. */
export { type Estate, type Instance, type InstanceOptions, type ListeningAddress, runInstance } from "./instance.ts";
export { createLogger, Lines, type LogOutput } from "./logging.ts";
export { createNotifier, type Notifier } from "./notify.ts";
export { type Origin, readOrigin } from "./predecessor.ts";
export { startSuccessor, type Successor } from "./successor.ts";
export { watchFiles } from "./watch-files.ts";
export { version } from "./version.ts";
