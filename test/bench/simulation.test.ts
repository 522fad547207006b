/** What docs/balancing.md says of the methods holds under the simulated clock. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Agenda } from "../../bench/simulation/agenda.ts";
import { draw, stream } from "../../bench/simulation/draws.ts";
import type { Course, Moment } from "../../bench/simulation/measurement.ts";
import { plotText } from "../../bench/simulation/plot.ts";
import { SCENARIO_NAMES, scenarioOf } from "../../bench/simulation/scenario.ts";
import { EVENINGS, REBALANCE_NAMES, REBALANCES } from "../../bench/simulation/rebalances.ts";
import { simulate } from "../../bench/simulation/simulate.ts";
import { outcomeOf, rebalanceText, scenarioText, summaryText } from "../../bench/simulation/table.ts";
import { BALANCE_METHODS } from "../../src/balancing/index.ts";
import type { BalanceMethod } from "../../src/balancing/index.ts";
import { page, plain, table } from "../docs/pages.ts";

const SEEDS = [1, 2];
const MINUTE = 60;

const coursesOf = (scenario: string, method: BalanceMethod): readonly Course[] =>
  SEEDS.map((seed) => simulate(scenarioOf(scenario), method, seed));

const outcome = (scenario: string, method: BalanceMethod) => outcomeOf(method, coursesOf(scenario, method));

/** The mean from one minute to another. */
const meanOf = (course: Course, key: keyof Moment, from: number, to: number): number => {
  const some = course.moments.filter(({ at }) => at >= from * MINUTE && at < to * MINUTE);
  return some.reduce((sum, moment) => sum + moment[key], 0) / some.length;
};

test("where all tunnels are alike, all that count or take turns are as even", () => {
  for (const method of ["round-robin", "least-connections", "two-choices", "least-load"] as const) {
    const { tunnels, messages } = outcome("equal", method);
    assert.ok(tunnels < 1.02 && messages < 1.02, `${method}: ${tunnels} and ${messages}`);
  }
});

test("where lifetimes differ, counting keeps tunnels even and taking turns does not", () => {
  assert.ok(outcome("heavy-lifetimes", "least-connections").tunnels < 1.01);
  assert.ok(outcome("heavy-lifetimes", "two-choices").tunnels < 1.02);
  assert.ok(outcome("heavy-lifetimes", "round-robin").tunnels > 1.03);
});

test("where a few tunnels carry most, least-load is beyond the mean by less than half of what least-connections is", () => {
  for (const scenario of ["heavy-rates", "deploy", "stale-workers"]) {
    const [load, connections] = [outcome(scenario, "least-load"), outcome(scenario, "least-connections")];
    const text = `${scenario}: ${load.messages} and ${connections.messages}`;
    assert.ok(load.messages - 1 < 0.5 * (connections.messages - 1), text);
    assert.ok(load.wait < connections.wait, `${scenario}: ${load.wait} and ${connections.wait} ms`);
  }
});

test("where rates change within half a minute, least-load still gains", () => {
  const [load, connections] = [outcome("changing-rates", "least-load"), outcome("changing-rates", "least-connections")];
  assert.ok(load.messages - 1 < 0.9 * (connections.messages - 1), `${load.messages} and ${connections.messages}`);
});

test("fastest keeps away from a backend that has become slow, within the lifetime of its tunnels; counting never does", () => {
  for (const course of coursesOf("slow-backend", "fastest")) {
    assert.ok(meanOf(course, "wait", 7, 8) > 1000, "those who have a tunnel there wait at first");
    assert.ok(meanOf(course, "wait", 10, 12) < 100, `${meanOf(course, "wait", 10, 12)} ms`);
  }
  for (const method of ["least-connections", "least-load"] as const) {
    for (const course of coursesOf("slow-backend", method)) assert.ok(meanOf(course, "wait", 10, 12) > 1000, method);
  }
});

test("a backend that says how busy it is gets relief under least-load too", () => {
  const [silent, telling] = [outcome("slow-backend", "least-load"), outcome("slow-and-says-so", "least-load")];
  assert.ok(telling.wait < 0.8 * silent.wait, `${telling.wait} and ${silent.wait} ms`);
});

test("new backends are filled up to the mean within three minutes", () => {
  for (const course of coursesOf("scale-out", "least-connections")) assert.ok(meanOf(course, "tunnels", 10, 15) < 1.02);
  for (const course of coursesOf("scale-out", "least-load")) assert.ok(meanOf(course, "messages", 10, 15) < 1.3);
});

const rebalanced = (scenario: string, evens: string, seeds = SEEDS) => {
  const found = REBALANCES.find(({ name }) => name === scenario);
  assert.ok(found);
  return outcomeOf(
    evens,
    seeds.map((seed) => simulate(found, "least-load", seed, EVENINGS[evens])),
  );
};

test("where there is nothing to do, nothing is rebalanced", () => {
  for (const evens of ["tunnels", "method"]) assert.equal(rebalanced("lasting-equal", evens, [1]).moved, 0);
});

test("after a scale-out a rebalance by what tunnels carry is evener than one by number, and moves less than a fifth", () => {
  const [carried, number] = [rebalanced("lasting-scale-out", "method"), rebalanced("lasting-scale-out", "tunnels")];
  assert.ok(carried.messages - 1 < 0.4 * (number.messages - 1), `${carried.messages} and ${number.messages}`);
  assert.ok(carried.moved < number.moved / 5, `${carried.moved} and ${number.moved} were moved`);
});

test("beside a tunnel that is a surplus by itself nobody is sent around", () => {
  const [carried, off] = [rebalanced("giant", "method", [1]), rebalanced("giant", "off", [1])];
  assert.ok(carried.messages - 1 < 0.6 * (off.messages - 1), `${carried.messages} and ${off.messages}`);
  assert.ok(carried.movedMost <= 2, `one was moved ${carried.movedMost} times`);
});

test("the same seed gives the same course, another one another", () => {
  const scenario = { ...scenarioOf("stale-workers"), tunnels: 300, from: 10, until: 60 };
  assert.deepEqual(simulate(scenario, "least-load", 3), simulate(scenario, "least-load", 3));
  assert.notDeepEqual(simulate(scenario, "least-load", 3), simulate(scenario, "least-load", 4));
});

test("what happens is taken in the order of its time", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000)), (times) => {
      const agenda = new Agenda<{ readonly at: number }>();
      for (const at of times) agenda.add({ at });
      const taken = times.map(() => agenda.take()?.at);
      assert.deepEqual(
        taken,
        times.toSorted((a, b) => a - b),
      );
      assert.equal(agenda.next, Number.POSITIVE_INFINITY);
    }),
  );
});

test("draws have the mean that they are to have", () => {
  for (const spread of ["equal", "exponential", "heavy"] as const) {
    const random = stream(1, 1);
    const values = Array.from({ length: 200_000 }, () => draw(spread, 3, random));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    assert.ok(Math.abs(mean - 3) < 0.15, `${spread}: ${mean}`);
  }
});

test("tables name every method and scenario, and plots are SVG", () => {
  const scenario = { ...scenarioOf("equal"), tunnels: 100, from: 5, until: 30 };
  const lines = BALANCE_METHODS.map((method) => ({ method, course: simulate(scenario, method, 1) }));
  const outcomes = lines.map(({ method, course }) => outcomeOf(method, [course]));
  assert.match(scenarioText(scenario, outcomes), /^## equal\n\nAll tunnels .*\n\n\| method \|/);
  const summary = summaryText([{ scenario, outcomes }]);
  for (const method of BALANCE_METHODS) assert.ok(summary.includes(`| \`${method}\` |`), method);
  assert.match(rebalanceText(scenario, outcomes), /^## equal\n\nAll tunnels .*\n\n\| evens \|/);
  assert.match(summaryText([{ scenario, outcomes }], "evens"), /^\| evens \| equal \|[^]*s, 0 moved \|$/);
  assert.match(plotText(scenario, lines), /^<svg [^>]+>\n<svg .*equal: All tunnels.*<\/svg>\n$/s);
});

test("docs/balancing.md has a figure for every method and scenario", () => {
  const head = `| method | ${SCENARIO_NAMES.join(" | ")} |`;
  const rows = table("docs/balancing.md", head);
  assert.deepEqual(
    rows.map(([method = ""]) => plain(method)),
    [...BALANCE_METHODS],
  );
  for (const row of rows) for (const cell of row.slice(1)) assert.match(cell, /^\d\.\d\d, [\d.]+ m?s$/);
  for (const name of SCENARIO_NAMES) assert.ok(page("docs/balancing.md").includes(`| \`${name}\` |`), name);
});

test("docs/balancing.md has a figure for every way of rebalancing and scenario", () => {
  const rows = table("docs/balancing.md", `| evens | ${REBALANCE_NAMES.join(" | ")} |`);
  assert.deepEqual(
    rows.map(([evens = ""]) => plain(evens)),
    Object.keys(EVENINGS),
  );
  for (const row of rows) for (const cell of row.slice(1)) assert.match(cell, /^\d\.\d\d, [\d.]+ m?s, \d+ moved$/);
  for (const name of REBALANCE_NAMES) assert.ok(page("docs/balancing.md").includes(`| \`${name}\` |`), name);
});
