import type { AdminEvent, EventSource } from "../admin/index.ts";
import type { Logger } from "../base/index.ts";

type Level = "info" | "warn";

/** Events that leave a line of the same words. All others have a line where they come from, which says more. */
const LEVELS: Readonly<Record<string, (event: AdminEvent) => Level>> = {
  "tunnels-lost": () => "warn",
  "tunnels-rehomed": ({ failed }) => (failed === 0 ? "info" : "warn"),
  "tunnels-ended": () => "info",
  "move-started": () => "info",
  "move-ended": () => "info",
};

/** Writes what happens from now on into the log, where nothing else does. */
export function logEvents(events: EventSource, logger: Logger): void {
  events.listen((event) => {
    if (!Object.hasOwn(LEVELS, event.type)) return;
    const level = LEVELS[event.type]?.(event) ?? "info";
    // A line has a time of its own; its `id` would be that of a tunnel, and by `kind` records are known.
    const { id: _id, time: _time, kind: _kind, message, ...fields } = event;
    logger[level](fields, message);
  });
}
