import assert from "node:assert/strict";
import test from "node:test";

import { openLab } from "../../bench/lab/lab.ts";
import { runPart } from "../../bench/scale/part.ts";
import { partText } from "../../bench/scale/report.ts";

test("instances are taken from level to level, every tunnel answers, and memory is told for each", async (t) => {
  const lab = openLab(new AbortController().signal);
  t.after(() => lab.close());
  const part = { title: "two small ones", instances: 2, workers: 1, levels: [20, 40], rest: 50 };
  const said: string[] = [];
  const held = await runPart(part, lab, (line) => void said.push(line));
  assert.deepEqual(
    held.map(({ levels }) => levels.map(({ tunnels }) => tunnels)),
    [
      [0, 20, 40],
      [0, 20, 40],
    ],
  );
  assert.ok(held.every(({ levels }) => levels.every(({ bytes }) => bytes > 10e6)));
  assert.deepEqual(said, ["  40 tunnels are open and answer", "  80 tunnels are open and answer"]);
  assert.match(partText(part, held), /^two small ones: 80 tunnels, none lost\n {2}instance 1\n/);
});
