import { dial } from "../load/dial.ts";
import { upgradeRequest } from "../load/handshake.ts";
import type { Goal } from "../load/protocol.ts";
import { Answer } from "../soak/answer.ts";
import { compareMessage } from "../soak/messages.ts";
import { Peer } from "../soak/peer.ts";
import { makeMessage, OWN } from "./messages.ts";
import type { ClientSide } from "./protocol.ts";

/** Seen by programs when a connection ends without a Close; never on the wire. */
const NO_CLOSE = 1006;
const NO_CODE = 1005;
/** How long after its Close a connection may stay open, in milliseconds. */
const END_PATIENCE = 20_000;
/** A client waits while so many of its messages have no echo. */
const UNANSWERED_MAX = 64;

/** What a conversation tells its client. */
export interface ConversationEvents {
  opened(): void;
  /** @param delay of an echo, in milliseconds; undefined for what the backend said by itself */
  heard(bytes: number, delay: number | undefined): void;
  complaint(text: string): void;
  /** Once. @param refused why it never opened; undefined when it did */
  over(refused: string | undefined): void;
}

/** One tunnel of one client, from its handshake to its last byte: what is said and heard on it is numbered from 0. */
export class Conversation {
  readonly id: number;
  private readonly events: ConversationEvents;
  private readonly peer: Peer;
  private backend = "";
  private opened = 0;
  private code: number | undefined;
  private sent = 0;
  private echoed = 0;
  private heard = 0;
  /** When those messages went out that have no echo yet, since the epoch. */
  private readonly waiting: number[] = [];
  private closing = false;
  private patience: NodeJS.Timeout | undefined;

  constructor(goal: Goal, id: number, events: ConversationEvents) {
    this.id = id;
    this.events = events;
    const socket = dial(goal, {
      opened: () => socket.write(upgradeRequest(`/talk/${id}`)),
      received: (bytes) => answer.receive(bytes),
      closed: (error) => this.closed(error),
    });
    this.peer = new Peer(socket, true, {
      message: (payload) => this.take(payload),
      close: (code) => this.told(code),
      broken: (reason) => this.complain(reason),
    });
    const answer = new Answer(this.peer, {
      opened: (backend) => {
        this.backend = backend;
        this.opened = Date.now();
        events.opened();
      },
      refused: (error) => void socket.destroy(error),
    });
  }

  get isOpen(): boolean {
    return this.opened > 0 && !this.closing;
  }

  get unanswered(): number {
    return this.waiting.length;
  }

  /** The next message, unless a Close is under way. */
  speak(): void {
    if (!this.isOpen || this.waiting.length >= UNANSWERED_MAX) return;
    this.waiting.push(Date.now());
    this.peer.send(makeMessage(this.id, this.sent));
    this.sent += 1;
  }

  /** Ends it as clients do. */
  close(): void {
    if (!this.isOpen) return;
    this.closing = true;
    this.peer.close(1000);
    this.wait();
  }

  side(): ClientSide {
    const { id, backend, opened, sent, echoed, heard, code = NO_CLOSE, waiting } = this;
    return { id, backend, opened, ended: Date.now(), code, sent, echoed, heard, unanswered: waiting[0] ?? null };
  }

  private take(payload: Buffer): void {
    const speaker = payload.length < 4 ? 0 : payload.readUInt32BE(0);
    const isOwn = speaker === this.id + OWN;
    const expected = isOwn ? makeMessage(speaker, this.heard) : makeMessage(this.id, this.echoed);
    const problem = compareMessage(payload, expected);
    if (problem !== undefined) {
      this.complain(problem);
      return;
    }
    if (isOwn) this.heard += 1;
    else this.echoed += 1;
    const went = isOwn ? undefined : this.waiting.shift();
    this.events.heard(payload.length, went === undefined ? undefined : Date.now() - went);
  }

  private told(code: number | undefined): void {
    this.code = code ?? NO_CODE;
    this.closing = true;
    this.wait();
  }

  /** It is for fairlead to end the connection. */
  private wait(): void {
    this.patience ??= setTimeout(() => this.complain("the connection stays open after its Close"), END_PATIENCE);
  }

  private complain(text: string): void {
    this.events.complaint(`tunnel ${this.id} by ${this.backend}: ${text}`);
    this.peer.socket.destroy();
  }

  private closed(error: Error | undefined): void {
    clearTimeout(this.patience);
    this.closing = true;
    const refused = this.opened > 0 ? undefined : (error?.message ?? "the connection ended before an answer");
    this.events.over(refused);
  }
}
