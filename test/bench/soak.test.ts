/** What a soak makes of what it has seen. */
import assert from "node:assert/strict";
import test from "node:test";

import { Page } from "../../bench/soak/logbook.ts";
import { compareMessage, makeMessage, makePiece } from "../../bench/soak/messages.ts";
import { mergeReports } from "../../bench/soak/merge.ts";
import type { ClientsReport } from "../../bench/soak/protocol.ts";
import { parseListening, type Reading } from "../../bench/soak/readings.ts";
import { outcomeJson, outcomeOf, outcomeText } from "../../bench/soak/report.ts";
import { isExcused, memoryBound, problemsOf, type Evidence } from "../../bench/soak/verdict.ts";
import type { Status } from "../../src/index.ts";

test("a message tells whose it is and which, and any other is found out", () => {
  const message = makeMessage(7, 3);
  assert.equal(compareMessage(makeMessage(7, 3), message), undefined);
  assert.equal(compareMessage(makeMessage(7, 4), message), "message 7/4 came where 7/3 was due");
  const changed = Buffer.from(message);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  assert.match(compareMessage(changed, message) ?? "", /^message 7\/3 came changed/);
  assert.match(compareMessage(message.subarray(0, 4), message) ?? "", /^4 bytes came/);
  const sizes = Array.from({ length: 2_000 }, (_, at) => makeMessage(1, at).length);
  assert.ok(Math.max(...sizes) > 100_000 && Math.min(...sizes) < 16);
  assert.equal(makePiece(1, 2, 500).length, 508);
});

const BACKEND = { name: "ws://calm", open: 0, inFlight: 0, load: 0, tunnels: 3, requests: 2, failures: 0 };

/** A status with so many tunnels open. */
const statusWith = (open: number): Status => {
  const backends = [
    {
      ...BACKEND,
      open,
      load: open,
      weight: 1,
      state: "active",
      stateSince: "",
      maxConnections: null,
      rtt: null,
      flow: null,
      measured: null,
      health: "healthy",
      reason: "",
      since: "",
      outUntil: null,
      spared: null,
      warming: null,
      flaps: 0,
      penalty: 0,
    },
  ] as const;
  const limits = { maxTunnels: null, descriptors: null, refusedTunnels: 0, refusedConnections: 0 };
  const counts = { handshakes: 0, tunnels: open, requests: 0, connections: open };
  const pools = [
    { name: "all", balance: "", affinity: "", panic: false, panicking: null, queued: 0, rehoming: 0, backends },
  ];
  return { version: "", state: "running", started: "", listeners: [], workers: [], ...counts, ...limits, pools };
};

const reading = (minutes: number, open: number, more: Partial<Reading> = {}): Reading => ({
  minutes,
  bytes: 100e6,
  processes: [
    { pid: 1, descriptors: 20 },
    { pid: 2, descriptors: 20 + 2 * open },
  ],
  status: statusWith(open),
  ...more,
});

const record = (kind: string, more: object): string =>
  JSON.stringify({ level: "info", kind, error: null, tunnel: null, ...more });
const tunnelRecord = (path: string, client: number, backend: number): string =>
  record("tunnel", {
    path,
    tunnel: { cause: "client-close", client: { messages: client }, backend: { messages: backend } },
  });

const logOf = (...lines: readonly string[]): Page => {
  const page = new Page((backend) => backend === "ws://killed");
  for (const line of lines) page.add(line);
  return page;
};
const LINES = [
  tunnelRecord("/talk/1", 5, 5),
  tunnelRecord("/talk/2", 2, 2),
  tunnelRecord("/flood/3", 0, 9),
  record("request", { attempts: 2 }),
];

const CLIENTS: ClientsReport = {
  counts: { handshakes: 3, tunnels: 3, requests: 1 },
  complaints: [],
  losses: [],
  failures: [],
  finished: [
    { sender: 1, sent: 5, received: 5 },
    { sender: 2, sent: 2, received: 2 },
  ],
};

const evidence = (more: Partial<Evidence> = {}): Evidence => ({
  before: reading(0, 0),
  rests: [reading(1, 2), reading(2, 2)],
  after: reading(2.1, 0),
  residents: 2,
  clients: CLIENTS,
  disturbances: [],
  log: logOf(...LINES),
  ...more,
});

test("a soak after which all is as it was has no problem, and says so", () => {
  const outcome = outcomeOf(evidence());
  assert.deepEqual(outcome.problems, []);
  assert.match(outcomeText(outcome), /all is well$/);
  assert.equal((JSON.parse(outcomeJson(outcome, { date: "today" })) as { date: string }).date, "today");
});

const has = (more: Partial<Evidence>, pattern: RegExp): void => {
  const problems = problemsOf(evidence(more));
  assert.ok(
    problems.some((problem) => pattern.test(problem)),
    `${pattern} is told: ${problems.join("; ")}`,
  );
  assert.match(outcomeText(outcomeOf(evidence(more))), /problems:/);
};

test("whatever does not come back is named", () => {
  has({ after: reading(3, 1) }, /after 3\.0 minutes 0 tunnels should be open and nothing else: .*"tunnels":1/);
  has({ rests: [reading(1, 2), reading(2, 1)] }, /after 2\.0 minutes 2 tunnels/);
  const leaked = [
    { pid: 1, descriptors: 20 },
    { pid: 2, descriptors: 21 },
  ];
  has({ after: reading(3, 0, { processes: leaked }) }, /were 1: 20, 2: 20 and are 1: 20, 2: 21/);
  const replaced = [
    { pid: 1, descriptors: 20 },
    { pid: 9, descriptors: 20 },
  ];
  has({ after: reading(3, 0, { processes: replaced }) }, /are 1: 20, 9: 20/);
  const bytes = memoryBound({ bytes: 100e6 }) + 1;
  has({ after: reading(3, 0, { bytes }) }, /^memory is/);
  has({ rests: [] }, /nothing was measured/);
});

test("whatever clients and log disagree about is named", () => {
  has({ log: logOf(...LINES.slice(1)) }, /records of sockets: 2; there must be 3/);
  has({ log: logOf(...LINES, LINES[0] ?? "") }, /tunnels in the status: 3; there must be 4/);
  has({ log: logOf(tunnelRecord("/talk/1", 5, 4), ...LINES.slice(1)) }, /tunnel 1 sent 5 and got 5 .* says 5 and 4/);
  has({ log: logOf(tunnelRecord("/talk/7", 5, 5), ...LINES.slice(1)) }, /tunnel 1 has no record/);
  has({ clients: { ...CLIENTS, complaints: ["two came at once"] } }, /^wrong: two came at once/);
  const early = { ...CLIENTS, counts: { ...CLIENTS.counts, handshakes: 2, tunnels: 2, "left early": 1 } };
  assert.deepEqual(problemsOf(evidence({ clients: early })), [], "who left early may have been seen or not");
});

test("warnings about backends that are in trouble are expected, and nothing else is", () => {
  const line = (level: string, backend?: string): string => JSON.stringify({ level, backend, msg: "something" });
  assert.deepEqual(logOf(line("info"), line("warn", "ws://killed")).unexpected, []);
  for (const odd of [line("warn", "ws://calm"), line("warn"), line("error", "ws://killed"), "Segmentation fault"])
    has({ log: logOf(...LINES, odd) }, /unexpected in the log/);
});

test("a lost tunnel is excused by what was done to its backend while it was open, and by nothing else", () => {
  const killed = { backend: "killed", what: "killed", from: 10_000, to: 12_000 } as const;
  const loss = { sender: 1, backend: "killed", from: 5_000, at: 10_100, how: "gone" };
  assert.ok(isExcused(loss, [killed]));
  assert.ok(!isExcused(loss, []));
  assert.ok(!isExcused({ ...loss, backend: "calm-1" }, [killed]));
  assert.ok(!isExcused({ ...loss, at: 9_000 }, [killed]), "before");
  assert.ok(!isExcused({ ...loss, at: 60_000 }, [killed]), "long after");
  assert.ok(!isExcused({ ...loss, from: 20_000, at: 21_000 }, [killed]), "opened after it");
  assert.ok(!isExcused(loss, [{ ...killed, what: "frozen for a moment" }]), "a moment costs nobody anything");
  has({ clients: { ...CLIENTS, losses: [loss] } }, /lost without a reason: gone \(by killed\)/);
  const failures = [{ from: 9_000, at: 11_000, how: "GET got 504" }];
  has({ clients: { ...CLIENTS, failures } }, /a plain request failed without a reason: GET got 504/);
  assert.deepEqual(
    problemsOf(evidence({ clients: { ...CLIENTS, failures, losses: [loss] }, disturbances: [killed] })),
    [],
  );
});

test("sockets that listen are told from others", () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 8884528 1 0 100 0 0 10 0
   1: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 8884531 1 0 20 4 30 10 -1
`;
  assert.deepEqual(parseListening(table), ["socket:[8884528]"]);
});

test("what several processes have seen adds up", () => {
  const merged = mergeReports([CLIENTS, CLIENTS]);
  assert.deepEqual([merged.counts["handshakes"], merged.finished.length], [6, 4]);
});
