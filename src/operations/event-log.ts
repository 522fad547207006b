import type { AdminEvent, EventSource } from "../admin/index.ts";
import type { Clock } from "../base/index.ts";

/** Events that are kept; the oldest go first. */
const KEPT_MAX = 1_000;

/** Tells that something has happened: its type, a sentence for people, and facts. */
export type TellEvent = (type: string, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** What has happened to an instance, for whoever looks or listens. */
export class EventLog implements EventSource {
  private readonly clock: Clock;
  private readonly kept: AdminEvent[] = [];
  private readonly listeners = new Set<(event: AdminEvent) => void>();
  private lastId = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  recent(after = 0): readonly AdminEvent[] {
    return this.kept.filter(({ id }) => id > after);
  }

  listen(listener: (event: AdminEvent) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Something has happened. */
  add(type: string, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.lastId += 1;
    const time = new Date(this.clock.wall()).toISOString();
    const event: AdminEvent = { ...fields, id: this.lastId, time, type, message };
    this.kept.push(event);
    if (this.kept.length > KEPT_MAX) this.kept.shift();
    for (const listener of this.listeners) listener(event);
  }
}
