import assert from "node:assert/strict";
import { test } from "node:test";
import { helpText, readOptions } from "../../bench/options.ts";
import { PROXY_NAMES } from "../../bench/proxies/variants.ts";
import { SCENARIO_NAMES } from "../../bench/scenarios/scenarios.ts";

const names = { scenarios: SCENARIO_NAMES, proxies: PROXY_NAMES };
const read = (...args: string[]) => readOptions(args, names);

test("nothing said means everything", () => {
  const { options, problems } = read();
  assert.deepEqual(problems, []);
  assert.deepEqual(options, {
    quick: false,
    help: false,
    scenarios: undefined,
    proxies: undefined,
    rounds: undefined,
    out: undefined,
    merge: undefined,
  });
});

test("names follow their option, one or more, also with = and commas", () => {
  const { options, problems } = read(
    "--scenario",
    "echo-64",
    "fan-out",
    "--proxy=nginx,haproxy",
    "--rounds=7",
    "--out",
    "x",
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(options.scenarios, ["echo-64", "fan-out"]);
  assert.deepEqual(options.proxies, ["nginx", "haproxy"]);
  assert.deepEqual([options.rounds, options.out], [7, "x"]);
});

test("everything that is wrong is named at once, with what would be right", () => {
  const { problems } = read("stray", "--quik", "--scenario", "ech-64", "--proxy", "--rounds", "0", "--out", "--merge");
  assert.equal(problems.length, 7);
  assert.match(problems.join("\n"), /"stray"/);
  assert.match(problems.join("\n"), /unknown option --quik; did you mean --quick\?/);
  assert.match(problems.join("\n"), /unknown scenario "ech-64"; did you mean echo-64\?/);
  assert.match(problems.join("\n"), /--proxy needs a name/);
  assert.match(problems.join("\n"), /--rounds is "0"/);
  assert.match(problems.join("\n"), /--out needs exactly one value/);
  assert.match(problems.join("\n"), /--merge needs the results/);
});

test("a flag takes no value", () => {
  assert.match(read("--quick", "echo-64").problems.join(), /--quick takes no value, not "echo-64"/);
});

test("the help names every option, scenario and contestant", () => {
  const text = helpText(names);
  for (const word of [
    "--quick",
    "--scenario",
    "--proxy",
    "--rounds",
    "--out",
    "--merge",
    ...SCENARIO_NAMES,
    ...PROXY_NAMES,
  ])
    assert.ok(text.includes(word), word);
});
