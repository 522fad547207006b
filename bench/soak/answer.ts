import { readUpgradeAnswer } from "../load/handshake.ts";
import type { Peer } from "./peer.ts";
import { BACKEND_HEADER } from "./protocol.ts";

const BACKEND = new RegExp(`^${BACKEND_HEADER}: *(\\S+)`, "im");

/** What becomes of a handshake. */
export interface AnswerEvents {
  /** @param backend who serves it */
  opened(backend: string): void;
  refused(error: Error): void;
}

/** Reads the answer to a handshake; what comes behind it is the peer's. */
export class Answer {
  private readonly peer: Peer;
  private readonly events: AnswerEvents;
  private head: Buffer | undefined = Buffer.alloc(0);

  constructor(peer: Peer, events: AnswerEvents) {
    this.peer = peer;
    this.events = events;
  }

  receive(bytes: Buffer): void {
    if (this.head === undefined) {
      this.peer.receive(bytes);
      return;
    }
    this.head = Buffer.concat([this.head, bytes]);
    let end: number;
    try {
      end = readUpgradeAnswer(this.head);
    } catch (error) {
      this.events.refused(error instanceof Error ? error : new Error(String(error)));
      return;
    }
    if (end === 0) return;
    const backend = BACKEND.exec(this.head.toString("latin1", 0, end))?.[1] ?? "";
    const rest = this.head.subarray(end);
    this.head = undefined;
    this.events.opened(backend);
    if (rest.length > 0) this.peer.receive(rest);
  }
}
