/** What operators do in an hour, in half a minute; and whether it would be seen if it cost anybody a message. */
import assert from "node:assert/strict";
import test from "node:test";

import { hour, type HourPlan } from "../../bench/hour/hour.ts";
import { makeMessage, OWN } from "../../bench/hour/messages.ts";
import { messageProblem } from "../../bench/hour/messages-rule.ts";
import type { BackendSide, ClientSide } from "../../bench/hour/protocol.ts";
import type { TunnelRecord } from "../../bench/hour/records.ts";
import { outcomeJson, outcomeOf, outcomeText } from "../../bench/hour/report.ts";
import { STEPS, type Step } from "../../bench/hour/steps.ts";
import { imbalanceOf, tunnelProblem } from "../../bench/hour/verdict.ts";
import { openLab } from "../../bench/lab/lab.ts";
import type { BackendStatus, Status } from "../../src/index.ts";

const planOf = (tunnels: number, time: number, steps: readonly Step[]): HourPlan => ({
  scale: { tunnels, workers: 2, said: 4, told: 2, shutdown: 2_000 },
  time,
  reloadEvery: 500,
  steps,
});

test("an hour of an operator's work costs nobody a message", async (t) => {
  const lab = openLab(t.signal);
  t.after(() => lab.close());
  const said: string[] = [];
  const outcome = outcomeOf(await hour(planOf(200, 19_000, STEPS), lab, (line) => void said.push(line)));
  assert.deepEqual(outcome.problems, [], [...said, outcomeText(outcome)].join("\n"));
  assert.equal(said.length, STEPS.length + 2, "a line for each step, the beginning and the end");
  const { reloads, records, processes } = outcome.evidence;
  assert.ok(
    Object.values(reloads).every((count) => count > 2),
    JSON.stringify(reloads),
  );
  const causes = new Set(records.tunnels.map(({ cause }) => cause));
  assert.deepEqual([...causes].toSorted(), ["backend-vanished", "client-close", "drain", "rebalance", "shutdown"]);
  assert.equal(processes, 2);
  assert.match(outcomeText(outcome), /all is well$/);
  assert.equal((JSON.parse(outcomeJson(outcome, { date: "today" })) as { date: string }).date, "today");
});

test("what a backend gets wrong, and what the plan does not name, is found", async (t) => {
  const lab = openLab(t.signal);
  t.after(() => lab.close());
  const steps: readonly Step[] = [
    { name: "a message is lost", run: ({ backends }) => backends.fault("one", "lose") },
    { name: "another one comes twice", run: ({ backends }) => backends.fault("two", "double") },
    { name: "two come the wrong way round", run: ({ backends }) => backends.fault("three", "swap") },
    {
      name: "somebody ends tunnels",
      run: ({ operator, backends }) => operator.endTunnels(`backend=${encodeURIComponent(backends.url("two"))}`),
    },
    { name: "a backend dies of itself", run: ({ backends }) => backends.kill("three") },
    {
      name: "something does not work out",
      run: ({ operator, backends }) => operator.add("talk", backends.url("one")),
    },
  ];
  const { problems } = outcomeOf(await hour(planOf(30, 6_000, steps), lab, () => undefined));
  const patterns = [
    /^wrong: tunnel \d+ by one: message \d+\/(\d+) came where \d+\/\d+ was due/,
    /^wrong: tunnel \d+ by two: message/,
    /^wrong: tunnel \d+ by three: message/,
    /^a client's tunnel ended though .*: tunnel \d+ by one ended with 1006/,
    /^the log has an end .*: tunnel \d+ by (?:one|two|three) ended for/,
    /^the log has a line that the plan does not name: .*"level":"warn"/,
    /^did not work out: something does not work out: POST .* 409/,
  ];
  for (const pattern of patterns)
    assert.ok(
      problems.some((problem) => pattern.test(problem)),
      `${pattern} is told: ${problems.join("\n")}`,
    );
});

const CLIENT: ClientSide = {
  id: 7,
  backend: "one",
  opened: 1_000,
  ended: 9_000,
  code: 1012,
  sent: 10,
  echoed: 8,
  heard: 4,
  unanswered: 8_900,
};
const RECORD: TunnelRecord = {
  id: 7,
  backend: "ws://127.0.0.1:1",
  cause: "drain",
  told: 1012,
  fromClient: 9,
  fromBackend: 12,
  ended: 9_001,
};
const BACKEND: BackendSide = { id: 7, received: 8, echoed: 8, said: 4, told: 8_950 };

const judge = (
  client: Partial<ClientSide>,
  record: Partial<TunnelRecord> = {},
  backend: Partial<BackendSide> | null = {},
  slowest = 0,
): string | undefined =>
  messageProblem(
    { ...CLIENT, ...client },
    { ...RECORD, ...record },
    backend === null ? undefined : { ...BACKEND, ...backend },
    slowest,
  );

test("of a tunnel that was moved everything arrives but what its client said while the Close was on its way", () => {
  assert.equal(judge({}), undefined);
  assert.match(judge({ unanswered: 8_000 }) ?? "", /2 messages did not reach .* 950 ms before/);
  assert.equal(judge({ unanswered: 8_000 }, {}, {}, 1_000), undefined, "echoes were as slow as that");
  assert.match(judge({ heard: 3 }) ?? "", /12 messages came from the backend, 11 arrived/);
  assert.match(judge({}, { fromClient: 11 }) ?? "", /11 messages came from the client, which sent 10/);
  assert.match(judge({}, { fromClient: 7 }) ?? "", /7 messages came from the client, and 8 echoes/);
  assert.match(judge({}, {}, { received: 9 }) ?? "", /got 9 messages and echoed 8/);
  assert.match(judge({}, {}, { received: 9, echoed: 9 }) ?? "", /sent 9 echoes, 8 arrived/);
  assert.match(judge({}, {}, { said: 5 }) ?? "", /said 5 messages, 4 arrived/);
  assert.match(judge({}, {}, { told: null }) ?? "", /was not told/);
});

test("of a tunnel that its client ended everything arrives", () => {
  const ended = { cause: "client-close", told: 1000 } as const;
  assert.equal(judge({ sent: 8, unanswered: null }, { ...ended, fromClient: 8 }), undefined);
  assert.match(judge({}, ended) ?? "", /2 messages did not reach its backend/);
});

test("of a tunnel whose backend was killed everything arrives that fairlead has got", () => {
  assert.equal(judge({}, { cause: "backend-vanished" }, null), undefined);
  assert.match(judge({}, { cause: "backend-vanished", fromBackend: 13 }, null) ?? "", /13 messages .* 12 arrived/);
  assert.match(judge({}, {}, null) ?? "", /does not know it/);
});

test("a client has to be told what the cause of the end demands", () => {
  const told = (code: number): string | undefined => tunnelProblem({ ...CLIENT, code }, RECORD, BACKEND, 0);
  assert.equal(told(1012), undefined);
  assert.match(told(1006) ?? "", /should have got 1012 for drain; it got 1006/);
});

test("imbalance is what the backend is off its share that is off it most", () => {
  const backend = (load: number, weight: number, state: BackendStatus["state"] = "active"): object => ({
    load,
    weight,
    state,
  });
  const status = (...backends: object[]): Status => ({ pools: [{ name: "talk", backends }] }) as unknown as Status; // the rest is not looked at
  assert.equal(imbalanceOf(status(backend(100, 1), backend(200, 2), backend(7, 1, "draining"))), 0);
  assert.ok(Math.abs(imbalanceOf(status(backend(110, 1), backend(90, 1))) - 0.1) < 1e-9);
});

test("messages differ by who says them and which they are, and a few are large", () => {
  const sizes = Array.from({ length: 2_000 }, (_, at) => makeMessage(1, at).length);
  assert.ok(Math.max(...sizes) > 32_768 && Math.min(...sizes) >= 64);
  assert.ok(sizes.filter((size) => size > 9_000).length < 40);
  assert.notDeepEqual(makeMessage(1 + OWN, 0).subarray(0, 8), makeMessage(1, 0).subarray(0, 8));
});
