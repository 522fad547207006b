import { randomFillSync } from "node:crypto";

import type { CloseBody } from "../websocket/index.ts";

/** A Close without a body. */
export const CLOSE_BODY_EMPTY: CloseBody = { code: undefined, reason: "" };

/** A heartbeat's payload: four bytes that tell ours from the application's pings, and four that count. */
export const HEARTBEAT_PAYLOAD_BYTES = 8;
const TAG_BYTES = 4;
const MASK_KEY_BYTES = 4;
const RANDOM_POOL_BYTES = 4096;

const tag = randomFillSync(new Uint8Array(TAG_BYTES));
const pool = new Uint8Array(RANDOM_POOL_BYTES);
let poolUsed = RANDOM_POOL_BYTES;

/** A fresh mask key from the system's randomness (RFC 6455 section 10.3), taken from a pool since a call costs more than a frame. */
export function newMaskKey(): Uint8Array {
  if (poolUsed === RANDOM_POOL_BYTES) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  poolUsed += MASK_KEY_BYTES;
  return pool.slice(poolUsed - MASK_KEY_BYTES, poolUsed);
}

/** The payload of a leg's `count`-th heartbeat. */
export function heartbeatPayload(count: number): Uint8Array {
  const payload = new Uint8Array(HEARTBEAT_PAYLOAD_BYTES);
  payload.set(tag);
  new DataView(payload.buffer).setUint32(TAG_BYTES, count);
  return payload;
}

/** Whether this is the payload of one of a leg's first `count` heartbeats. A late answer is one too. */
export function isHeartbeat(payload: Uint8Array, count: number): boolean {
  for (let at = 0; at < TAG_BYTES; at += 1) if (payload[at] !== tag[at]) return false;
  const sent = new DataView(payload.buffer, payload.byteOffset).getUint32(TAG_BYTES);
  return sent > 0 && sent <= count;
}
