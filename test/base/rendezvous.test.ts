import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { createRendezvous, hashString, mixHash, rendezvousPick, seededRandom } from "../../src/base/index.ts";
import { spreadHash } from "../../src/base/hash.ts";
import { anySituation, backendNames, setLoads, viewOf } from "./views.ts";

const KEYS = Array.from({ length: 20_000 }, (_, index) => hashString(`/room/${index}`));

function pickAll(names: readonly string[], weights?: readonly number[]): string[] {
  const rendezvous = createRendezvous(names);
  const view = viewOf(names, weights);
  return KEYS.map((key) => names[rendezvousPick(rendezvous, view, key, [])]!);
}

function shares(picks: readonly string[], names: readonly string[]): number[] {
  return names.map((name) => picks.filter((pick) => pick === name).length / picks.length);
}

test("hashes are the same on every platform and in every version", () => {
  // Instances of different versions run side by side during an update: these numbers must never change.
  assert.equal(hashString(""), 0xab3e7c0b);
  assert.equal(hashString("ws://127.0.0.1:8000"), 0x9586b99f);
  assert.equal(hashString("ws://127.0.0.1:8000", 1), 0x06eeb805);
  assert.equal(mixHash(1, 2), 0x51f204aa);
});

test("each bit of a hash is set for half of similar texts", () => {
  for (let bit = 0; bit < 32; bit += 1) {
    const set = KEYS.filter((key) => (key >>> bit) & 1).length / KEYS.length;
    assert.ok(Math.abs(set - 0.5) < 0.02, `bit ${bit}: ${set}`);
  }
});

test("equal weights get equal shares of the keys, other weights theirs", () => {
  const names = backendNames(5);
  for (const share of shares(pickAll(names), names)) assert.ok(Math.abs(share - 0.2) < 0.015, String(share));
  const weights = [1, 2, 3, 4, 0.5];
  const weighted = shares(pickAll(names, weights), names);
  for (const [index, share] of weighted.entries()) {
    assert.ok(Math.abs(share - weights[index]! / 10.5) < 0.015, `${index}: ${share}`);
  }
});

test("equal weights give the same order whatever they are", () => {
  const names = backendNames(9);
  const fast = pickAll(names);
  assert.deepEqual(
    pickAll(
      names,
      names.map(() => 7),
    ),
    fast,
  );
  // A weight that differs by less than a rounding error sends every pick through the general case.
  assert.deepEqual(
    pickAll(
      names,
      names.map((_, index) => (index === 4 ? 1 + Number.EPSILON : 1)),
    ),
    fast,
  );
});

test("a removed backend moves only its own keys, an added one takes only what it keeps", () => {
  const names = backendNames(8);
  for (const weights of [undefined, [1, 2, 3, 4, 5, 6, 7, 8]]) {
    const before = pickAll(names, weights);
    const after = pickAll(names.slice(0, -1), weights?.slice(0, -1));
    for (const [index, name] of before.entries()) {
      if (name !== names.at(-1)) assert.equal(after[index], name);
    }
  }
});

test("raising a weight moves keys only to that backend", () => {
  const names = backendNames(4);
  const before = pickAll(names, [1, 1, 1, 1]);
  const after = pickAll(names, [1, 1, 2, 1]);
  let moved = 0;
  for (const [index, name] of after.entries()) {
    if (name === before[index]) continue;
    assert.equal(name, names[2]);
    moved += 1;
  }
  assert.ok(Math.abs(moved / KEYS.length - (2 / 5 - 1 / 4)) < 0.015);
});

test("instances that list the backends in another order agree", () => {
  const names = backendNames(7);
  const weights = [1, 1, 2, 1, 3, 1, 1];
  assert.deepEqual(pickAll(names.toReversed(), weights.toReversed()), pickAll(names, weights));
  assert.deepEqual(pickAll(names.toReversed()), pickAll(names));
});

test("names that share a hash share the keys too", () => {
  const names = backendNames(3);
  const honest = createRendezvous(names);
  const clash = {
    ...honest,
    nameHashes: new Uint32Array(3).fill(42),
    spreadHashes: new Int32Array(3).fill(spreadHash(42)),
  };
  const view = viewOf(names);
  const picks = KEYS.map((key) => names[rendezvousPick(clash, view, key, [])]!);
  for (const share of shares(picks, names)) assert.ok(Math.abs(share - 1 / 3) < 0.02, String(share));
});

test("asking again with the failed ones walks through every candidate once, then says -1", () => {
  fc.assert(
    fc.property(anySituation, fc.integer(), ({ view, tried, candidates }, key) => {
      const rendezvous = createRendezvous(view.names);
      const walked: number[] = [];
      for (;;) {
        const index = rendezvousPick(rendezvous, view, key >>> 0, [...tried, ...walked]);
        if (index === -1) break;
        walked.push(index);
      }
      assert.deepEqual(
        walked.toSorted((a, b) => a - b),
        candidates,
      );
    }),
  );
});

test("a bound passes over backends in their order, and -1 says that none is below it", () => {
  const names = backendNames(3);
  const rendezvous = createRendezvous(names);
  const view = viewOf(names);
  const key = KEYS[0]!;
  const first = rendezvousPick(rendezvous, view, key, []);
  const second = rendezvousPick(rendezvous, view, key, [first]);
  view.setLoad(first, 4);
  assert.equal(rendezvousPick(rendezvous, view, key, [], 4.5), first);
  assert.equal(rendezvousPick(rendezvous, view, key, [], 4), second);
  setLoads(view, [4, 4, 4]);
  assert.equal(rendezvousPick(rendezvous, view, key, [], 4), -1);
});

test("what large pools remember is what looking through all of them gives, whatever has changed since", () => {
  const view = viewOf(backendNames(200));
  const remembering = createRendezvous(view.names);
  const plain = { ...remembering, memory: undefined };
  const random = seededRandom(11);
  const any = (count: number) => Math.floor(random() * count);
  assert.ok(remembering.memory !== undefined);
  for (let round = 0; round < 3000; round += 1) {
    if (any(4) === 0) view.setEligible(any(200), any(2) === 0);
    if (any(8) === 0) view.setWeight(any(200), [0.1, 1, 2, 50][any(4)]!);
    view.setLoad(any(200), any(5));
    const key = KEYS[any(300)]!;
    const first = rendezvousPick(plain, view, key, []);
    for (const tried of [[], [first], [first, any(200)]]) {
      for (const bound of [undefined, 2, 0]) {
        assert.equal(
          rendezvousPick(remembering, view, key, tried, bound),
          rendezvousPick(plain, view, key, tried, bound),
        );
      }
    }
  }
  for (let i = 0; i < 200; i += 1) view.setEligible(i, false);
  for (const key of KEYS.slice(0, 10)) assert.equal(rendezvousPick(remembering, view, key, []), -1);
});

test("a thousand backends share the keys as evenly as dice would, by weight", () => {
  const names = backendNames(1000);
  for (const weights of [names.map(() => 1), names.map((_, index) => 1 + (index % 3))]) {
    const rendezvous = createRendezvous(names);
    const view = viewOf(names, weights);
    const counts = new Float64Array(names.length);
    for (let key = 0; key < 100_000; key += 1)
      counts[rendezvousPick(rendezvous, view, hashString(`k${key}`), [])]! += 1;
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const due = weights.map((weight) => (100_000 * weight) / total);
    const surprise = due.reduce((sum, value, index) => sum + (counts[index]! - value) ** 2 / value, 0) / 999;
    // Chi-square over 999 degrees of freedom: 1 on average, give or take 0.045.
    assert.ok(surprise > 0.8 && surprise < 1.2, String(surprise));
    for (const weight of new Set(weights)) {
      const ofWeight = (values: ArrayLike<number>) =>
        Array.from(values).reduce((sum, value, index) => sum + (weights[index] === weight ? value : 0), 0);
      assert.ok(Math.abs(ofWeight(counts) / ofWeight(due) - 1) < 0.03, `weight ${weight}`);
    }
  }
});
