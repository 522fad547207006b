import type { Random } from "../../src/base/index.ts";
import type { Goal } from "../load/protocol.ts";
import type { Doors } from "./protocol.ts";
import type { Tally } from "./tally.ts";
import { endText, type End, type LATE, type Wire } from "./wire.ts";

/** How long an answer may take, in milliseconds: as long as a backend may be frozen before its tunnels are ended, and more. */
export const ANSWER_PATIENCE = 30_000;

/** What the clients of one process share. */
export interface World {
  readonly random: Random;
  readonly tally: Tally;
  readonly doors: Doors;
  /** A number that no other client has. */
  nextSender(): number;
  /** Aborted when all but the residents are to end. */
  readonly calm: AbortSignal;
}

/** ws and wss in turn. */
export function doorOf({ doors }: World, sender: number): Goal {
  return sender % 2 === 0 ? { port: doors.plain } : { port: doors.tls, ca: doors.ca };
}

/** Waits; no longer than the clients are at work. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const done = (): void => {
    clearTimeout(timer);
    signal.removeEventListener("abort", done);
    resolve();
  };
  const timer = setTimeout(done, milliseconds);
  signal.addEventListener("abort", done);
  return promise;
}

/** The tunnel ended, or stood still, though it should not have: whether its backend is to blame is found out later. */
export function noteLoss({ tally }: World, wire: Wire, sender: number, end: End | typeof LATE, when: string): void {
  const how = `tunnel ${sender} ${endText(end)} ${when}`;
  tally.lost({ sender, backend: wire.backend, from: wire.openedAt, at: Date.now(), how });
  wire.socket.destroy();
}
