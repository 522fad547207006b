import { hashString, mixHash } from "../../src/base/index.ts";

/** Numbered messages whose every byte follows from whose they are and which. */

const HEAD_BYTES = 8;
const KIB = 1024;
/** What bodies are cut out of. */
const BLOCK = Buffer.alloc(512 * KIB);
for (let at = 0; at < BLOCK.length; at += 4) BLOCK.writeUInt32LE(mixHash(at, 0x50ac), at);
const SEED = hashString("soak");

/** Of 64 messages, most are small, a few do not fit into one read, and one needs several. */
const SIZES = [
  { below: 44, bytes: 256 },
  { below: 58, bytes: 4 * KIB },
  { below: 63, bytes: 48 * KIB },
  { below: 64, bytes: 256 * KIB },
] as const;

/** The message with this number of this sender. */
export function makeMessage(sender: number, number: number): Buffer {
  const dice = mixHash(mixHash(SEED, sender), number);
  const { bytes } = SIZES.find(({ below }) => dice % 64 < below) ?? SIZES[0];
  return cut(sender, number, (dice >>> 6) % bytes, dice);
}

/** The same with a size that is given, for floods. */
export function makePiece(sender: number, number: number, bytes: number): Buffer {
  return cut(sender, number, bytes, mixHash(mixHash(SEED, sender), number));
}

function cut(sender: number, number: number, bytes: number, dice: number): Buffer {
  const message = Buffer.allocUnsafe(HEAD_BYTES + bytes);
  message.writeUInt32BE(sender, 0);
  message.writeUInt32BE(number, 4);
  BLOCK.copy(message, HEAD_BYTES, dice % (256 * KIB), (dice % (256 * KIB)) + bytes);
  return message;
}

/** What is wrong with a message that should be the one expected; undefined when it is that one. */
export function compareMessage(got: Buffer, expected: Buffer): string | undefined {
  if (got.equals(expected)) return undefined;
  if (got.length < HEAD_BYTES) return `${got.length} bytes came instead of a message`;
  const name = (message: Buffer): string => `${message.readUInt32BE(0)}/${message.readUInt32BE(4)}`;
  if (name(got) !== name(expected)) return `message ${name(got)} came where ${name(expected)} was due`;
  return `message ${name(got)} came changed (${got.length} of ${expected.length} bytes)`;
}
