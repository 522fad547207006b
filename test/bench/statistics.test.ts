import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cpuBetween, sumCpu } from "../../bench/measure/cpu.ts";
import { parseMemory } from "../../bench/measure/memory.ts";
import { descendants, parseStat } from "../../bench/measure/processes.ts";
import { median, spreadOf } from "../../bench/measure/statistics.ts";

test("the median is the middle value, or the mean of the two in the middle", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([1, 9, 5, 3]), 4);
  assert.ok(Number.isNaN(median([])));
});

test("a spread holds the median between least and greatest, whatever the order", () => {
  const values = fc.array(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), { minLength: 1 });
  fc.assert(
    fc.property(values, (list) => {
      const spread = spreadOf(list);
      assert.ok(spread !== undefined);
      assert.ok(spread.min <= spread.median && spread.median <= spread.max);
      assert.deepEqual(spread, spreadOf(list.toReversed()));
    }),
  );
  assert.equal(spreadOf([]), undefined);
});

test("a process's times are read past a name that holds spaces and brackets", () => {
  const text = "42 (a (b) c) S 7 42 42 0 -1 4194560 1 2 3 4 150 60 30 20 20 0 5 0 100 200 300 18446744073709551615";
  assert.deepEqual(parseStat(text), { pid: 42, parent: 7, user: 150, system: 60, childUser: 30, childSystem: 20 });
});

test("CPU time is summed over processes and their ended children, in seconds", () => {
  const stat = { pid: 1, parent: 0, user: 100, system: 50, childUser: 10, childSystem: 5 };
  assert.deepEqual(sumCpu([stat, { ...stat, pid: 2 }], 100), { user: 2.2, system: 1.1 });
  const between = cpuBetween({ user: 1, system: 2 }, { user: 1.5, system: 4 });
  assert.deepEqual(between, { user: 0.5, system: 2 });
});

test("descendants are found over generations, strangers are not", () => {
  const stats = [
    { pid: 5, parent: 3 },
    { pid: 3, parent: 2 },
    { pid: 4, parent: 2 },
    { pid: 9, parent: 1 },
  ];
  assert.deepEqual(descendants(2, stats), [2, 3, 4, 5]);
});

test("the proportional set size is the Pss line, not those that begin like it; files count apart", () => {
  const text =
    "00400000-7fff ---p [rollup]\nRss:      900 kB\nPss:      100 kB\nPss_Dirty:     50 kB\nPss_File:      30 kB\n";
  assert.deepEqual(parseMemory(text), { all: 100 * 1024, own: 70 * 1024 });
  assert.throws(() => parseMemory("Rss: 1 kB\n"), /no Pss/);
});
