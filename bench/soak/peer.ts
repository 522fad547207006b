import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { makeFrame, readFrame } from "../load/frames.ts";

/** First bytes of the frames that are sent and understood here; nobody fragments. */
const First = { text: 0x81, binary: 0x82, close: 0x88, ping: 0x89, pong: 0x8a } as const;

/** What a peer tells its owner. */
export interface PeerEvents {
  /** A whole message. */
  message(payload: Buffer, isText: boolean): void;
  /** The other side's Close; it has been answered. */
  close(code: number | undefined): void;
  /** Bytes that are no frame that anybody here sends. */
  broken(reason: string): void;
}

/** One end of a WebSocket on a raw socket: pings and Closes are answered as every implementation does. */
export class Peer {
  readonly socket: Socket;
  private readonly isClient: boolean;
  private readonly events: PeerEvents;
  private pending: Buffer | undefined;
  private closeSent = false;

  constructor(socket: Socket, isClient: boolean, events: PeerEvents) {
    this.socket = socket;
    this.isClient = isClient;
    this.events = events;
  }

  /** Takes what has come; the bytes need not outlive the call. */
  receive(chunk: Buffer): void {
    const bytes = this.pending === undefined ? chunk : Buffer.concat([this.pending, chunk]);
    this.pending = undefined;
    let at = 0;
    for (let frame = readFrame(bytes, at); frame !== undefined; frame = readFrame(bytes, at)) {
      at = frame.next;
      if (frame.masked === this.isClient) this.events.broken("a frame is masked the wrong way");
      else this.take(frame.first, frame.payload);
    }
    if (at < bytes.length) this.pending = Buffer.from(bytes.subarray(at));
  }

  /** @returns whether the socket takes more */
  send(payload: Buffer): boolean {
    return this.write(First.binary, payload);
  }

  say(text: string): void {
    this.write(First.text, Buffer.from(text));
  }

  close(code: number): void {
    if (this.closeSent) return;
    this.closeSent = true;
    const body = Buffer.alloc(2);
    body.writeUInt16BE(code);
    this.write(First.close, body);
  }

  /** Writes a frame's first half, whose other half will not come. */
  sendHalf(payload: Buffer): void {
    const frame = this.frame(First.binary, payload);
    this.socket.write(frame.subarray(0, frame.length >> 1));
  }

  private take(first: number, payload: Buffer): void {
    if (first === First.binary || first === First.text) this.events.message(payload, first === First.text);
    else if (first === First.ping) this.write(First.pong, payload);
    else if (first === First.close) {
      const code = payload.length < 2 ? undefined : payload.readUInt16BE(0);
      if (!this.closeSent) this.write(First.close, payload);
      this.closeSent = true;
      this.events.close(code);
    } else if (first !== First.pong) this.events.broken(`a frame begins with 0x${first.toString(16)}`);
  }

  private write(first: number, payload: Buffer): boolean {
    return this.socket.write(this.frame(first, payload));
  }

  private frame(first: number, payload: Buffer): Buffer {
    return makeFrame(payload, this.isClient ? randomBytes(4) : undefined, first);
  }
}
