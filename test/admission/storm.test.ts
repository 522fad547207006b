import assert from "node:assert/strict";
import test from "node:test";

import { seededRandom } from "../../src/base/index.ts";
import { TokenBucket } from "../../src/admission/index.ts";

/**
 * Four backends with 9,000 tunnels each, of which one dies. Its clients come back at once, within the tenth of a second
 * that the news takes to reach them; who is refused tries again after a back-off that doubles from half a second to eight,
 * with full jitter.
 */
const CLIENTS = 9_000;
const BACKENDS = 3;
const RATE = 200;
const BURST = 50;
const FIRST_TRY = 100;
const BACKOFF = 500;
const MAX_BACKOFF = 8_000;

interface Outcome {
  /** Most new connections of one backend in any second. */
  readonly peak: number;
  /** When the last client was back. */
  readonly backAfter: number;
}

function storm(buckets: readonly TokenBucket[] | undefined, seed: number): Outcome {
  const random = seededRandom(seed);
  const tries = new Map<number, number[]>();
  const tryAt = (at: number, attempt: number): void => {
    const now = Math.ceil(at);
    tries.set(now, [...(tries.get(now) ?? []), attempt]);
  };
  for (let client = 0; client < CLIENTS; client += 1) tryAt(random() * FIRST_TRY, 0);
  const opened: number[][] = Array.from({ length: BACKENDS }, () => []);
  let now = 0;
  for (let back = 0; back < CLIENTS; now += 1) {
    for (const attempt of tries.get(now) ?? []) {
      // The least loaded first; the next one where the rate of that is used up.
      const order = [...opened.keys()].toSorted((a, b) => opened[a]!.length - opened[b]!.length);
      const chosen = order.find((index) => buckets === undefined || buckets[index]!.take(now));
      if (chosen === undefined) tryAt(now + 1 + random() * Math.min(MAX_BACKOFF, BACKOFF * 2 ** attempt), attempt + 1);
      else {
        opened[chosen]!.push(now);
        back += 1;
      }
    }
    tries.delete(now);
  }
  return { peak: Math.max(...opened.map(busiestSecond)), backAfter: now };
}

/** Most of these times within one second. */
function busiestSecond(times: readonly number[]): number {
  let first = 0;
  let most = 0;
  for (const [index, time] of times.entries()) {
    while (time - times[first]! >= 1_000) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}

test("a backend that dies with 9,000 tunnels does not take the next one with it", () => {
  for (const seed of [1, 2, 3]) {
    const buckets = Array.from({ length: BACKENDS }, () => new TokenBucket({ rate: RATE, burst: BURST }, 0));
    const paced = storm(buckets, seed);
    assert.ok(paced.peak <= RATE + BURST, `${paced.peak} new connections in a second`);
    const least = (CLIENTS / (BACKENDS * RATE)) * 1_000;
    assert.ok(paced.backAfter < 2 * least, `the last one is back after ${paced.backAfter} ms`);
    const open = storm(undefined, seed);
    assert.ok(open.peak >= 10 * paced.peak, `${open.peak} without admission, ${paced.peak} with it`);
  }
});
