import { applyMask, Opcode } from "../websocket/index.ts";

const FIN = 0x80;
const MASKED = 0x80;
const LENGTH_7_MAX = 125;
const LENGTH_16 = 126;

/** A text message of a client's in one frame, of at most 64 KiB - 1 bytes. */
export function textFrame(text: string, mask: Uint8Array): Uint8Array {
  const payload = Buffer.from(text, "utf8");
  const isShort = payload.length <= LENGTH_7_MAX;
  const head = Buffer.alloc(isShort ? 2 : 4);
  head[0] = FIN | Opcode.text;
  head[1] = MASKED | (isShort ? payload.length : LENGTH_16);
  if (!isShort) head.writeUInt16BE(payload.length, 2);
  applyMask(payload, 0, payload.length, mask, 0);
  return Buffer.concat([head, mask, payload]);
}
