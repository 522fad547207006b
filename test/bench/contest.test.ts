import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { type Contest, runScenario } from "../../bench/contest.ts";
import { makeCertificate } from "../../bench/lab/certificate.ts";
import { openLab } from "../../bench/lab/lab.ts";
import { QUICK } from "../../bench/plan.ts";
import type { Variant } from "../../bench/proxies/variant.ts";
import { VARIANTS } from "../../bench/proxies/variants.ts";
import { SCENARIOS } from "../../bench/scenarios/scenarios.ts";

/** A whole scenario with contestants of a few lines, and windows so short that their figures mean nothing. */

const PIPE = `
  const net = require("node:net");
  const [port, backend] = process.argv.slice(1).map(Number);
  net.createServer((client) => {
    const server = net.connect(backend, "127.0.0.1");
    client.pipe(server).pipe(client);
    client.on("error", () => server.destroy());
    server.on("error", () => client.destroy());
  }).listen(port, "127.0.0.1");`;

/** Changes the last byte of whatever the backend says after the handshake. */
const LIAR = PIPE.replace(
  "client.pipe(server).pipe(client);",
  `let upgraded = false;
   client.pipe(server).on("data", (bytes) => {
     if (upgraded) bytes[bytes.length - 1] ^= 1;
     upgraded = true;
     client.write(bytes);
   });`,
);

const small = (id: string, script: string): Variant => ({
  id,
  family: "httpxy",
  tuning: "default",
  quick: true,
  workers: 1,
  version: () => "1",
  launch: ({ port, backend }) => ({
    port,
    command: () => [process.execPath, "-e", script, String(port), String(backend)],
    files: () => ({}),
    env: {},
  }),
});

const contestOf = (t: { after(fn: () => void): void }, variants: readonly Variant[]): Contest => {
  const lab = openLab(new AbortController().signal);
  t.after(() => {
    lab.close();
    assert.ok(!existsSync(lab.folder), "the temporary folder is gone");
  });
  return {
    lab,
    plan: { ...QUICK, rounds: 2, warmUp: 20, settle: 20, window: 50, rest: 20 },
    certificate: makeCertificate(lab.folder, "bench.example"),
    variants,
    softEnd: Infinity,
    hardEnd: Infinity,
    say: () => undefined,
  };
};

const scenarioOf = (name: string) => {
  const scenario = SCENARIOS.find((each) => each.name === name);
  assert.ok(scenario !== undefined, name);
  return scenario;
};
const direct = VARIANTS.filter(({ id }) => id === "direct");

test("everybody gets a turn in each round, and CPU only where there is a proxy", async (t) => {
  const { standings } = await runScenario(scenarioOf("echo-64"), contestOf(t, [...direct, small("pipe", PIPE)]));
  const [plain, pipe] = standings;
  assert.deepEqual([plain?.samples.length, pipe?.samples.length], [2, 2]);
  assert.deepEqual(pipe?.failures, []);
  assert.equal(plain?.samples[0]?.["cpu"], undefined);
  for (const { rate, cpu, user, system, p50, p99 } of pipe.samples) {
    assert.ok(Number(rate) > 0 && Number(p50) > 0 && Number(p99) >= Number(p50));
    assert.ok(Math.abs(Number(cpu) - Number(user) - Number(system)) < 1e-6);
  }
});

test("who answers wrongly or does not start is named, and not timed", async (t) => {
  const contest = contestOf(t, [small("liar", LIAR), small("nothing", "process.exit(3)")]);
  const { standings } = await runScenario(scenarioOf("echo-64"), contest);
  assert.deepEqual(
    standings.map(({ samples }) => samples.length),
    [0, 0],
  );
  const [[liar], [nothing]] = standings.map(({ failures }) => failures) as [string[], string[]];
  assert.match(liar ?? "", /answers are wrong, so it is not timed: the echo of 1 bytes came back changed/);
  assert.match(nothing ?? "", /did not start: it ended with 3/);
});

test("when the time is up, rounds are left out, but for the first", async (t) => {
  const contest = contestOf(t, direct);
  const { standings } = await runScenario(scenarioOf("handshakes"), { ...contest, softEnd: 0 });
  assert.equal(standings[0]?.samples.length, 1);
  const late = await runScenario(scenarioOf("handshakes"), { ...contest, softEnd: 0, hardEnd: 0 });
  assert.equal(late.standings[0]?.samples.length, 0);
});
