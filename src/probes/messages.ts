import { ANSWER_BYTES_MAX } from "./expectation.ts";

const FIN = 0x80;
const OPCODE = 0x0f;
const CONTROL = 0x08;
const LENGTH = 0x7f;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/**
 * Puts the messages of a server together, of each no more than its beginning. Whoever gives it bytes has seen to it that
 * they are valid frames without masks.
 */
export class Messages {
  private header: Buffer = Buffer.alloc(0);
  private remaining = 0;
  private isData = false;
  /** The last frame of a message has begun. */
  private isPending = false;
  private parts: Buffer[] = [];
  private size = 0;

  /** The messages that these bytes complete. */
  read(bytes: Uint8Array): Buffer[] {
    const messages: Buffer[] = [];
    let rest: Buffer = Buffer.from(bytes);
    while (rest.length > 0) {
      rest = this.remaining > 0 ? this.takePayload(rest) : this.takeHeader(rest);
      if (this.isComplete()) messages.push(this.finish());
    }
    return messages;
  }

  private takeHeader(bytes: Buffer): Buffer {
    const all = Buffer.concat([this.header, bytes]);
    const code = (all[1] ?? 0) & LENGTH;
    const length = code === LENGTH_64 ? 10 : code === LENGTH_16 ? 4 : 2;
    if (all.length < length) {
      this.header = all;
      return Buffer.alloc(0);
    }
    this.header = Buffer.alloc(0);
    const first = all[0] ?? 0;
    this.isData = (first & OPCODE & CONTROL) === 0;
    this.remaining =
      code === LENGTH_64 ? Number(all.readBigUInt64BE(2)) : code === LENGTH_16 ? all.readUInt16BE(2) : code;
    this.isPending = this.isData && (first & FIN) !== 0;
    return all.subarray(length);
  }

  private takePayload(bytes: Buffer): Buffer {
    const payload = bytes.subarray(0, this.remaining);
    this.remaining -= payload.length;
    if (this.isData && this.size < ANSWER_BYTES_MAX) {
      const kept = payload.subarray(0, ANSWER_BYTES_MAX - this.size);
      this.parts.push(Buffer.from(kept));
      this.size += kept.length;
    }
    return bytes.subarray(payload.length);
  }

  private isComplete(): boolean {
    return this.isPending && this.remaining === 0;
  }

  private finish(): Buffer {
    const message = Buffer.concat(this.parts);
    this.isPending = false;
    this.parts = [];
    this.size = 0;
    return message;
  }
}
