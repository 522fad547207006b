import { mixHash } from "../../src/base/index.ts";
import { makePiece } from "../soak/messages.ts";

/** Ids of tunnels are below this; what a backend says by itself on one has this more. */
export const OWN: number = 2 ** 31;

const KIB = 1024;
/** Of 256 messages nearly all have 64 B to 8 KiB, the small ones more often than the large ones, and one has more. */
const SIZES = [
  { below: 160, least: 64, most: KIB },
  { below: 255, least: KIB, most: 8 * KIB },
  { below: 256, least: 32 * KIB, most: 96 * KIB },
] as const;

/** The message with this number by this speaker, a client (its tunnel's id) or a backend (that and {@link OWN}). Every byte follows from both. */
export function makeMessage(speaker: number, number: number): Buffer {
  const dice = mixHash(speaker >>> 0, number);
  const { least, most } = SIZES.find(({ below }) => dice % 256 < below) ?? SIZES[0];
  return makePiece(speaker, number, least + ((dice >>> 8) % (most - least)));
}
