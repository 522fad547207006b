import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { needTerminal, startInTerminal } from "../kit/terminal.ts";
import { until } from "../kit/until.ts";
import { fakeBackend, fakeMove, fakeStatus, Refusal, startFakeAdmin } from "./fake-admin.ts";
import { run } from "./run.ts";

const ENTRY = fileURLToPath(new URL("../../bin/fairlead.cjs", import.meta.url));
const A = "ws://10.0.0.1:8001";
const B = "ws://10.0.0.2:8002";
const STATUS = fakeStatus({ chat: [fakeBackend(A, { open: 3, tunnels: 30 }), fakeBackend(B, { open: 1 })] });

describe("which backend is meant", () => {
  const three = fakeStatus({
    chat: [fakeBackend(A), fakeBackend("ws://10.0.0.9:8001")],
    feed: [fakeBackend(A), fakeBackend(B)],
  });

  test("a full name, a host with its port or the port alone will do", async (t) => {
    for (const text of [B, "http://10.0.0.2:8002/", "10.0.0.2:8002", ":8002", "8002"]) {
      const admin = await startFakeAdmin(t, { "GET status": three, "POST drains": fakeMove({ state: "done" }) });
      const { code, stderr } = await run(["drain", text, "--admin", admin.address]);
      assert.deepEqual([code, stderr], [0, ""], text);
      assert.deepEqual(admin.requests.at(-1)?.body, { pool: "feed", backend: B });
    }
  });

  test("what may be several is wrong usage, and lists them", async (t) => {
    const admin = await startFakeAdmin(t, { "GET status": three, "POST drains": fakeMove({ state: "done" }) });
    const byPort = await run(["drain", ":8001", "--admin", admin.address]);
    assert.equal(byPort.code, 2);
    assert.match(byPort.stderr, /10\.0\.0\.1:8001 of pool chat, ws:\/\/10\.0\.0\.9:8001 of pool chat, .*write more/);
    const byName = await run(["drain", A, "--admin", admin.address]);
    assert.match(byName.stderr, /of pool chat, ws:\/\/10\.0\.0\.1:8001 of pool feed; say which by --pool/);
    assert.deepEqual(admin.changes(), []);
    assert.equal((await run(["drain", A, "--pool", "chat", "--admin", admin.address])).code, 0);
    const noPool = await run(["drain", A, "--pool", "chta", "--admin", admin.address]);
    assert.match(noPool.stderr, /no pool is called "chta"; did you mean "chat"\?/);
  });

  test("what is none is wrong usage, and lists what there is", async (t) => {
    const admin = await startFakeAdmin(t, { "GET status": STATUS });
    const { code, stderr } = await run(["undrain", ":9", "--admin", admin.address]);
    assert.equal(code, 2);
    assert.match(stderr, /no backend is called ":9"; there are ws:\/\/10\.0\.0\.1:8001 of pool chat, /);
  });
});

describe("drain", () => {
  test("what is asked for goes to the API, and progress is told until it is done", async (t) => {
    let moved = 0;
    const admin = await startFakeAdmin(t, {
      "GET status": STATUS,
      "POST drains": fakeMove(),
      "GET drains/m1": () => {
        moved += 2;
        return fakeMove({ moved, left: 4 - moved, state: moved === 4 ? "done" : "running" });
      },
    });
    const flags = ["--rate", "5", "--wait-idle", "30s", "--deadline", "10m", "--json"];
    const { code, lines } = await run(["drain", ":8001", ...flags, "--admin", admin.address]);
    assert.equal(code, 0);
    assert.deepEqual(admin.requests.find(({ method }) => method === "POST")?.body, {
      ...{ pool: "chat", backend: A, rate: 5, waitIdle: "30s", deadline: "10m" },
    });
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { moved: number }).moved),
      [0, 2, 4],
    );
  });

  test("for people it is a line, and why it is slower", async (t) => {
    const slow = fakeMove({ currentRate: 5, slowedBy: "reconnects fail", moved: 1, left: 3 });
    const admin = await startFakeAdmin(t, { "GET status": STATUS, "POST drains": slow });
    const { code, stdout } = await run(["drain", ":8001", "--detach", "--admin", admin.address]);
    assert.equal(code, 0);
    assert.equal(
      stdout,
      `drain of ${A}: 1 of 4 tunnels moved, 3 left, 5 per second, slower than 50 since reconnects fail\n`,
    );
  });

  test("Ctrl-C leaves it running, says so and how to cancel it, and exits with 130", async (t) => {
    const admin = await startFakeAdmin(t, {
      ...{ "GET status": STATUS, "POST drains": fakeMove(), "GET drains/m1": fakeMove() },
    });
    const signals = new EventEmitter();
    const onOutput = (): void => void signals.emit("SIGINT");
    const { code, stderr } = await run(["drain", ":8001", "--admin", admin.address], { signals, onOutput });
    assert.equal(code, 130);
    assert.equal(stderr, "the drain goes on without this command; fairlead drain :8001 --cancel cancels it\n");
    assert.deepEqual(admin.changes(), ["POST drains"]);
    assert.equal(signals.listenerCount("SIGINT"), 0);
  });

  test("in a terminal one line is written anew, and Ctrl-C is that of the terminal", async (t) => {
    if (!needTerminal(t)) return;
    let moved = 0;
    const admin = await startFakeAdmin(t, {
      ...{ "GET status": STATUS, "POST drains": fakeMove() },
      "GET drains/m1": () => fakeMove({ total: 900, moved: (moved += 1) }),
    });
    const drain = startInTerminal(t, process.execPath, [ENTRY, "drain", ":8001", "--admin", admin.address]);
    await until(() => drain.written().includes("\r\u001b[Kdrain of ws://10.0.0.1:8001: 2 of 900"), "it goes on");
    drain.type("\u0003");
    assert.deepEqual(await drain.end(), { code: 130, modesSame: true });
    assert.match(drain.written(), /per second(?:\^C)?\r\nthe drain goes on without this command/);
    assert.deepEqual(admin.changes(), ["POST drains"]);
  });

  test("an end at the deadline is exit code 3", async (t) => {
    const admin = await startFakeAdmin(t, { "GET status": STATUS, "POST drains": fakeMove({ state: "deadline" }) });
    const { code, stdout } = await run(["drain", ":8001", "--admin", admin.address]);
    assert.deepEqual([code, /ended at its deadline/.test(stdout)], [3, true]);
  });

  test("--cancel cancels the one that runs, and says when there is none", async (t) => {
    const other = fakeMove({ id: "m0", backend: B });
    const admin = await startFakeAdmin(t, {
      "GET status": STATUS,
      "GET drains": [fakeMove({ id: "old", state: "done" }), other, fakeMove()],
      "DELETE drains/m1": fakeMove({ state: "cancelled", moved: 1, left: 3 }),
    });
    const { code, stdout } = await run(["drain", ":8001", "--cancel", "--admin", admin.address]);
    assert.deepEqual([code, stdout], [0, `drain of ${A}: cancelled, 1 of 4 tunnels moved, 3 left\n`]);
    assert.deepEqual(admin.changes(), ["DELETE drains/m1"]);
    admin.answers.set("GET drains", []);
    assert.equal((await run(["drain", ":8001", "--cancel", "--admin", admin.address])).code, 1);
  });

  test("wrong values of flags are told at once, before anything is asked", async (t) => {
    const admin = await startFakeAdmin(t, { "GET status": STATUS });
    const argv = ["drain", "--rate", "fast", "--deadline", "10", "--wait", "5s", "--admin", admin.address];
    const { code, stderr } = await run(argv);
    assert.equal(code, 2);
    assert.match(stderr, /^--wait: no such option; did you mean --wait-idle\?$/m);
    assert.match(stderr, /^drain takes one BACKEND; name it$/m);
    assert.match(stderr, /^--rate: expected a number above 0, found "fast"$/m);
    assert.match(stderr, /^--deadline: expected a duration such as 30s, or off, found "10"$/m);
    assert.deepEqual(admin.requests, []);
  });

  test("what the API has against it is told in its own words", async (t) => {
    const admin = await startFakeAdmin(t, {
      "GET status": STATUS,
      "POST drains": new Refusal(409, "CONFLICT", "it is being drained already"),
    });
    const conflict = await run(["drain", ":8001", "--admin", admin.address]);
    assert.deepEqual([conflict.code, conflict.stderr], [1, "fairlead: it is being drained already (CONFLICT)\n"]);
    const problems = [{ path: "rate", message: "too much" }];
    admin.answers.set("POST drains", new Refusal(422, "INPUT_INVALID", "rate: too much", problems));
    const wrong = await run(["drain", ":8001", "--admin", admin.address]);
    assert.deepEqual([wrong.code, wrong.stderr], [2, "rate: too much\n"]);
  });
});

test("undrain cancels the drain that runs, then makes the backend active", async (t) => {
  const admin = await startFakeAdmin(t, {
    "GET status": fakeStatus({ chat: [fakeBackend(A, { state: "draining" })] }),
    "GET drains": [fakeMove()],
    "DELETE drains/m1": fakeMove({ state: "cancelled" }),
    [`PATCH pools/chat/backends/${encodeURIComponent(A)}`]: fakeBackend(A),
  });
  const { code, stdout } = await run(["undrain", ":8001", "--admin", admin.address]);
  assert.deepEqual([code, stdout], [0, `${A} of pool chat is active again\n`]);
  assert.deepEqual(admin.requests.at(-1)?.body, { state: "active" });
  assert.equal(admin.changes()[0], "DELETE drains/m1");
});

test("a rebalance that has just begun says that it compares loads, since nobody knows yet how much there is to move", async (t) => {
  const move = fakeMove({ kind: "rebalance", backend: null, total: 0, moved: 0, left: 0 });
  const admin = await startFakeAdmin(t, { "GET status": STATUS, "POST rebalances": move });
  const { stdout } = await run(["rebalance", "chat", "--detach", "--admin", admin.address]);
  assert.equal(stdout, "rebalance of pool chat: compares the loads of its backends\n");
});

test("rebalance asks for what is said, follows it, and cancels it", async (t) => {
  const move = fakeMove({ kind: "rebalance", backend: null });
  const admin = await startFakeAdmin(t, {
    "GET status": STATUS,
    "POST rebalances": move,
    "GET rebalances/m1": { ...move, state: "done", moved: 4, left: 0 },
    "GET rebalances": [move],
    "DELETE rebalances/m1": { ...move, state: "cancelled" },
  });
  const flags = ["--per-minute", "60", "--min-age", "1m", "--tolerance", "0.1", "--evens", "tunnels"];
  const { code, lines } = await run(["rebalance", "chat", ...flags, "--admin", admin.address]);
  assert.deepEqual([code, lines.at(-1)], [0, "rebalance of pool chat: done, 4 of 4 tunnels moved"]);
  const body = { pool: "chat", perMinute: 60, minAge: "1m", tolerance: 0.1, evens: "tunnels" };
  assert.deepEqual(admin.requests.find(({ method }) => method === "POST")?.body, body);
  assert.equal((await run(["rebalance", "chat", "--cancel", "--admin", admin.address])).code, 0);
  assert.deepEqual(admin.changes(), ["POST rebalances", "DELETE rebalances/m1"]);
});
