import type { IncomingMessage, ServerResponse } from "node:http";

import type { Bytes, Milliseconds } from "../base/index.ts";

import { Refusal } from "./errors.ts";
import type { AdminEvent, EventSource } from "./source.ts";

/** Between two comment lines, which keep proxies from taking a silent stream for dead. */
const HEARTBEAT: Milliseconds = 15_000;
/** What may wait for a reader; one that is further behind is cut off, and may come back with the number it has got to. */
const MAX_BACKLOG: Bytes = 262_144;
/** Streams at a time. */
const MAX_STREAMS = 32;
/** What browsers wait before they come back. */
const RETRY: Milliseconds = 2_000;

/** The limits of streams; see above for their defaults. */
export interface EventLimits {
  readonly heartbeat?: Milliseconds;
  readonly maxBacklog?: Bytes;
  readonly maxStreams?: number;
}

/** Everybody who listens to what happens. */
export interface EventStreams {
  /**
   * Answers with a stream: all recent events from behind `after` on, then those that come.
   *
   * @throws Refusal 503 when there are too many streams
   */
  open(request: IncomingMessage, response: ServerResponse, after: number | undefined): void;
  /** Ends all streams; who reads one comes back. */
  end(): void;
}

/** Makes the streams of one admin listener. */
export function createEventStreams(source: EventSource, limits: EventLimits = {}): EventStreams {
  const { heartbeat = HEARTBEAT, maxBacklog = MAX_BACKLOG, maxStreams = MAX_STREAMS } = limits;
  let streams = 0;
  const open = new Set<ServerResponse>();
  return {
    open(request, response, after) {
      if (streams >= maxStreams) {
        const message = `There are ${streams} streams of events, and no more are served; ask for JSON, or end one.`;
        throw new Refusal("TOO_MANY_STREAMS", message, { "Retry-After": "5" });
      }
      response.writeHead(200, { "Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no" });
      if (request.method === "HEAD") {
        response.end();
        return;
      }
      streams += 1;
      open.add(response);
      const write = (text: string): void => {
        if (response.writableLength > maxBacklog) response.destroy();
        else response.write(text);
      };
      const recent = eventsAfter(source, after).map(eventText).join("");
      write(`retry: ${RETRY}\n\n${recent}`);
      const stop = source.listen((event) => write(eventText(event)));
      const timer = setInterval(write, heartbeat, ":\n\n");
      response.once("close", () => {
        streams -= 1;
        open.delete(response);
        clearInterval(timer);
        stop();
      });
    },
    end() {
      for (const response of open) response.end();
    },
  };
}

/** Events behind the one with a number. A number that has not been given yet is another instance's: then all recent ones. */
export function eventsAfter(source: EventSource, after: number | undefined): readonly AdminEvent[] {
  const recent = source.recent();
  const latest = recent.at(-1)?.id ?? 0;
  return after === undefined || after > latest ? recent : source.recent(after);
}

/** Whether the list is wanted, and not the stream. */
export function wantsList({ accept = "" }: IncomingMessage["headers"]): boolean {
  return accept.includes("application/json") && !accept.includes("text/event-stream");
}

/** The number that a stream's reader has got to; undefined where it says none, or what cannot be one of ours. */
export function lastEventId({ headers }: IncomingMessage): number | undefined {
  const text = String(headers["last-event-id"] ?? "");
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** JSON holds no line breaks, so that one line of data is enough. */
function eventText(event: AdminEvent): string {
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
