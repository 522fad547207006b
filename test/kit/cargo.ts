import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { WebSocket } from "ws";

/** Messages whose every byte follows from a tunnel's number, so that either end can tell what the other must have sent. */
export interface Parcel {
  readonly payload: Buffer;
  readonly isBinary: boolean;
  /** How many frames it is sent in. */
  readonly fragments: number;
  readonly compress: boolean;
  /** A ping goes between its frames, or behind it. */
  readonly ping: boolean;
}

/** A generator of numbers below a bound, always the same for a seed. */
const dice = (seed: number): ((bound: number) => number) => {
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
};

const LARGEST = 4 * 1024 * 1024;
const SMALL = 2048;
const MEDIUM = 64 * 1024;
/** Compressing more than this would make the test one of zlib. */
const COMPRESSED_MAX = 64 * 1024;

const HOLD = randomBytes(LARGEST);
const HOLD_TEXT = Buffer.from(HOLD.toString("hex").slice(0, LARGEST));

const ALWAYS_SENT = [0, 1, 125, 126, 65_535, 65_536];

/** One in so many parcels is of medium size. */
const MEDIUM_SHARE = 5;

const sizeOf = (at: number, isLarge: boolean, roll: (bound: number) => number): number => {
  if (isLarge && at === 3) return LARGEST - roll(1000);
  if (roll(MEDIUM_SHARE) === 0) return roll(MEDIUM);
  if (roll(MEDIUM_SHARE) === 0) return ALWAYS_SENT[roll(ALWAYS_SENT.length)] ?? 0;
  return roll(SMALL);
};

/** All parcels of one direction of a tunnel. With `isLarge` one of them has nearly 4 MiB. */
export const cargoOf = (seed: number, count: number, isLarge: boolean): Parcel[] => {
  const roll = dice(seed);
  return Array.from({ length: count }, (_, at) => {
    const isBinary = roll(2) === 0;
    const size = sizeOf(at, isLarge, roll);
    const label = Buffer.from(`${seed}/${at} `).subarray(0, size);
    const start = roll(LARGEST - size);
    const payload = Buffer.concat([label, (isBinary ? HOLD : HOLD_TEXT).subarray(start, start + size - label.length)]);
    return {
      payload,
      isBinary,
      fragments: 1 + roll(4),
      compress: size <= COMPRESSED_MAX && roll(2) === 0,
      ping: roll(3) === 0,
    };
  });
};

/** What a message is compared by. */
export const sealOf = (payload: Uint8Array, isBinary: boolean): string =>
  `${isBinary ? "binary" : "text"} ${payload.length} ${createHash("sha1").update(payload).digest("base64url")}`;

/** What must arrive of it, in order. */
export const sealsOf = (cargo: readonly Parcel[]): string[] =>
  cargo.map(({ payload, isBinary }) => sealOf(payload, isBinary));

/** Above this the sender waits for the socket. */
const AFLOAT_MAX = 1024 * 1024;

const ship = (socket: WebSocket, parcel: Parcel, pingPayload: string): void => {
  const { payload, fragments, isBinary, compress, ping } = parcel;
  const step = Math.ceil(payload.length / fragments);
  for (let part = 0; part < fragments; part += 1) {
    const fin = part === fragments - 1;
    socket.send(payload.subarray(part * step, fin ? undefined : (part + 1) * step), {
      binary: isBinary,
      fin,
      compress,
    });
    if (ping && part === 0) socket.ping(pingPayload);
  }
};

/** Sends them all; gives the payloads of the pings that went between. */
export const shipAll = async (socket: WebSocket, cargo: readonly Parcel[]): Promise<string[]> => {
  const pings: string[] = [];
  for (const [at, parcel] of cargo.entries()) {
    ship(socket, parcel, `ping ${at}`);
    if (parcel.ping) pings.push(`ping ${at}`);
    while (socket.bufferedAmount > AFLOAT_MAX) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  if (socket.readyState === socket.CONNECTING) await once(socket, "open");
  return pings;
};
