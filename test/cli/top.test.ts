import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { sampleSchema, statusSchema, tunnelSchema } from "../../src/cli/admin-shapes.ts";
import { pressKey, readKeys } from "../../src/cli/top/keys.ts";
import { createModel, type Model, type Snapshot, withSnapshot } from "../../src/cli/top/model.ts";
import { render } from "../../src/cli/top/render.ts";
import { needTerminal, startInTerminal } from "../kit/terminal.ts";
import { until } from "../kit/until.ts";
import { fakeBackend, fakeMove, fakeStatus, fakeTunnel, startFakeAdmin } from "./fake-admin.ts";
import { run } from "./run.ts";

const ENTRY = fileURLToPath(new URL("../../bin/fairlead.cjs", import.meta.url));
const A = "ws://10.0.0.1:8001";
const B = "ws://10.0.0.2:8002";
const SIZE = { columns: 100, rows: 24 };
const ENTER_SCREEN = "\u001b[?1049h";
const LEAVE_SCREEN = "\u001b[?1049l";

/** What an instance with two backends says after so many milliseconds. */
function snapshot(at: number, counts: { readonly a?: object; readonly b?: object } = {}): Snapshot {
  const pools = { chat: [fakeBackend(A, counts.a), fakeBackend(B, counts.b)] };
  const carried = { fromClient: 100, fromBackend: 140 };
  return {
    ...{ at, wall: Date.parse("2026-01-01T02:00:00.000Z"), status: statusSchema.parse(fakeStatus(pools)) },
    sample: {
      time: "2026-01-01T02:00:00.000Z",
      opened: 5,
      rehomed: 0,
      messages: carried,
      bytes: { fromClient: 1024, fromBackend: 1024 },
    },
    ...{ tunnels: [tunnelSchema.parse(fakeTunnel("t1"))], tunnelsTotal: 1 },
  };
}

function shown(model: Model, size = SIZE): string[] {
  return render(model, size).map(({ text }) => text.trimEnd());
}

/** The model after these keys. */
function press(model: Model, ...keys: readonly string[]): Model {
  return keys.reduce((before, key) => pressKey(before, key).model, model);
}

const FLOW = { messages: { fromClient: 310, fromBackend: 1930 }, bytes: { fromClient: 1, fromBackend: 2 } };

const START = withSnapshot(
  withSnapshot(createModel("127.0.0.1:8081"), snapshot(1000, { a: { tunnels: 10 }, b: { tunnels: 10 } })),
  snapshot(3000, {
    a: { tunnels: 20, open: 3, weight: 2, flow: FLOW },
    b: { tunnels: 11, open: 1, state: "draining", stateSince: "2026-01-01T01:58:30.000Z" },
  }),
);

describe("what is drawn", () => {
  test("the head tells of the instance, and rates since the look before", () => {
    const [first, second] = shown(START);
    assert.equal(first, "fairlead 9.9.9 at 127.0.0.1:8081  running  up 2h00m");
    assert.equal(second, "4 tunnels of 1,000  5.5 handshakes/s  240 messages/s  2.0 KiB/s  1 worker");
  });

  test("tunnels that get other backends are seen: how many a second, and each one's own count", () => {
    const now = snapshot(1000);
    const moving = { ...now, sample: sampleSchema.parse({ ...now.sample, rehomed: 12 }) };
    const tunnels = [tunnelSchema.parse(fakeTunnel("t1", { rehomed: 3 }))];
    const lines = shown(press(withSnapshot(createModel("x"), { ...moving, tunnels }), "t"));
    assert.match(lines[1] ?? "", / 12 re-homed\/s /);
    assert.match(lines[3] ?? "", / re-homed$/);
    assert.match(lines[4] ?? "", / 3$/);
  });

  test("every backend is a line with its share and its rate", () => {
    const lines = shown(START, { columns: 140, rows: 24 });
    assert.match(lines[3] ?? "", /^poolv .*health +weight +tunnels +share +opened\/s +failures +messages\/s$/);
    assert.match(lines[4] ?? "", /^chat +ws:\/\/10\.0\.0\.1:8001 +active +healthy +2 +3 +75\.0% +5 +0 +2,240$/);
    assert.match(lines[5] ?? "", /^chat +ws:\/\/10\.0\.0\.2:8002 +draining .*0\.5 +0 +- {2}draining \(for 1m30s\)$/);
    assert.match(shown(press(START, "<"))[4] ?? "", /8001/, "the most messages come first");
  });

  test("it fits every size of terminal exactly", () => {
    for (const view of [START, press(START, "t"), press(START, "?"), press(START, "/"), createModel("x")]) {
      for (const size of [SIZE, { columns: 20, rows: 6 }, { columns: 1, rows: 1 }, { columns: 300, rows: 80 }]) {
        const lines = render(view, size);
        assert.equal(lines.length, size.rows);
        assert.ok(lines.every(({ text }) => text.length <= size.columns));
      }
    }
  });

  test("the selection stays in sight in a table that is longer than the screen", () => {
    const many = Array.from({ length: 50 }, (_, index) => fakeBackend(`ws://10.0.1.${index}:1`));
    const status = statusSchema.parse(fakeStatus({ chat: many }));
    const model = withSnapshot(createModel("x"), { ...snapshot(1), status });
    const last = render(press(model, "end"), SIZE).find(({ mark }) => mark === "selected");
    assert.match(last?.text ?? "", /10\.0\.1\.49:1/);
  });

  test("what a client has put into its path is no command for the terminal", () => {
    const evil = tunnelSchema.parse(fakeTunnel("t1", { path: "/\u001b[2Jx\u009b" }));
    const model = press(withSnapshot(createModel("x"), { ...snapshot(1), tunnels: [evil] }), "t");
    const text = shown(model).join("\n");
    assert.ok(text.includes("/?[2Jx?"), text);
  });
});

describe("keys", () => {
  test("what terminals send is read as keys", () => {
    assert.deepEqual(readKeys("q\u001b[A\u001bOB\u001b[5~\r\u007f\u001b"), [
      ...["q", "up", "down", "pageup", "enter", "backspace", "escape"],
    ]);
    assert.deepEqual(readKeys("\u0003é"), ["ctrl-c", "é"]);
  });

  test("s, < and > choose the column to sort by, r turns it round", () => {
    const byTunnels = press(START, "s", "s", "s", "s", "s");
    assert.match(shown(byTunnels)[3] ?? "", /tunnelsv/);
    assert.match(shown(byTunnels)[4] ?? "", /8001/);
    const reversed = press(byTunnels, "r");
    assert.match(shown(reversed)[3] ?? "", /tunnels\^/);
    assert.match(shown(reversed)[4] ?? "", /8002/);
    assert.equal(press(START, ">", "<").backendOrder, "pool");
  });

  test("/ filters by what is typed, escape clears it", () => {
    const filtered = press(START, "/", "D", "r", "a", "i", "x", "backspace", "enter");
    assert.match(shown(filtered)[4] ?? "", /8002/);
    assert.doesNotMatch(shown(filtered).join("\n"), /8001 /);
    assert.equal(press(filtered, "escape").filter, "");
    assert.match(shown(press(START, "/", "q", "enter")).join("\n"), /none fits the filter/);
  });

  test("d asks before it drains; only y drains", () => {
    const asked = press(START, "j", "d");
    assert.equal(shown(asked).at(-1), `Drain ${B} of pool chat? y/n`);
    assert.equal(pressKey(asked, "n").action, undefined);
    assert.equal(pressKey(asked, "q").quit, undefined);
    assert.deepEqual(pressKey(asked, "y").action, { type: "drain", pool: "chat", backend: B });
  });

  test("u, + and - act on the selected backend; a weight stays above 0", () => {
    assert.deepEqual(pressKey(START, "u").action, { type: "undrain", pool: "chat", backend: A });
    assert.deepEqual(pressKey(START, "+").action, { type: "weight", pool: "chat", backend: A, weight: 3 });
    assert.deepEqual(pressKey(press(START, "down"), "-").action, {
      type: "weight",
      pool: "chat",
      backend: B,
      weight: 0.9,
    });
    const least = withSnapshot(createModel("x"), snapshot(1, { a: { weight: 0.1 } }));
    assert.equal(pressKey(least, "-").action, undefined);
    assert.match(shown(press(START, "t", "d")).at(-1) ?? "", /no backend is selected/);
  });

  test("t, p and ? show tunnels, pause and help; q and Ctrl-C end it", () => {
    assert.match(shown(press(START, "t"))[4] ?? "", /^t1 +ws:\S+ +192\.0\.2\.7 +\/socket +1m01s/);
    assert.equal(pressKey(START, "t").look, true);
    assert.match(shown(press(START, "p"))[0] ?? "", /PAUSED/);
    assert.match(shown(press(START, "?")).join("\n"), /^q +quit$/m);
    assert.equal(press(START, "?", "x").help, false);
    assert.equal(pressKey(START, "q").quit, true);
    assert.equal(pressKey(press(START, "/"), "ctrl-c").quit, true);
  });

  test("docs/command-line.md names every key", () => {
    const page = readFileSync(new URL("../../docs/command-line.md", import.meta.url), "utf8");
    for (const line of shown(press(START, "?")).slice(3, 14)) {
      if (line === "") continue;
      const [keys = ""] = line.split(/ {2,}/);
      for (const key of keys.split(" ")) assert.ok(page.includes(`\`${key}\``), key);
    }
  });
});

describe("fairlead top", () => {
  test("without a terminal it says what there is instead; --json is a status a line", async (t) => {
    const admin = await startFakeAdmin(t, { "GET status": fakeStatus({ chat: [fakeBackend(A)] }) });
    const { code, stderr } = await run(["top", "--admin", admin.address]);
    assert.deepEqual([code, /top needs a terminal; without one there is top --json/.test(stderr)], [2, true]);
    const signals = new EventEmitter();
    const onOutput = (): void => void (admin.requests.length === 2 && signals.emit("SIGTERM"));
    const { lines } = await run(["top", "--json", "--admin", admin.address], { signals, onOutput });
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { version: string }).version),
      ["9.9.9", "9.9.9"],
    );
  });

  test("in a terminal it draws, takes keys and sizes, and gives the terminal back", async (t) => {
    if (!needTerminal(t)) return;
    const admin = await startFakeAdmin(t, {
      "GET status": fakeStatus({ chat: [fakeBackend(A), fakeBackend(B)] }),
      ...{
        "GET history": [],
        "GET tunnels": { total: 1, tunnels: [fakeTunnel("tunnel-1")] },
        "POST drains": fakeMove(),
      },
    });
    const top = startInTerminal(t, process.execPath, [ENTRY, "top", "--admin", admin.address]);
    await top.shows(/ws:\/\/10\.0\.0\.2:8002/);
    assert.equal(top.screen().length, 24);
    top.resize(40, 10);
    await until(() => top.screen().length === 10, "it fits the new size");
    assert.ok(top.screen().every((line) => line.length <= 40));
    top.resize(100, 24);
    top.type("t");
    await top.shows(/tunnel-1/);
    top.type("t\u001b[Bd");
    await top.shows(/Drain ws:\/\/10\.0\.0\.2:8002 of pool chat\? y\/n/);
    top.type("y");
    await top.shows(/is being drained/);
    assert.deepEqual(admin.requests.find(({ method }) => method === "POST")?.body, { pool: "chat", backend: B });
    admin.answers.set("GET status", fakeStatus({ chat: [fakeBackend("ws://10.0.0.3:8003")] }));
    await top.shows(/10\.0\.0\.3:8003/);
    top.type("q");
    assert.deepEqual(await top.end(), { code: 0, modesSame: true });
    const written = top.written();
    assert.ok(written.indexOf(ENTER_SCREEN) >= 0 && written.lastIndexOf(LEAVE_SCREEN) > written.indexOf(ENTER_SCREEN));
  });

  test("a signal ends it as well, and the terminal is as it was; NO_COLOR is kept to", async (t) => {
    if (!needTerminal(t)) return;
    const ill = fakeBackend(A, { health: "unhealthy" });
    const admin = await startFakeAdmin(t, {
      "GET status": fakeStatus({ chat: [fakeBackend(B), ill] }),
      "GET history": [],
    });
    const top = startInTerminal(t, process.execPath, [ENTRY, "top", "--admin", admin.address], { NO_COLOR: "1" });
    await top.shows(/unhealthy/);
    top.signal("SIGTERM");
    assert.deepEqual(await top.end(), { code: 0, modesSame: true });
    assert.ok(top.written().endsWith(LEAVE_SCREEN));
    assert.ok(!top.written().includes("\u001b[31m"));
  });

  test("an instance that goes away is named, and waited for", async (t) => {
    if (!needTerminal(t)) return;
    const status = fakeStatus({ chat: [fakeBackend(A)] });
    const admin = await startFakeAdmin(t, { "GET status": status, "GET history": [] });
    const top = startInTerminal(t, process.execPath, [ENTRY, "top", "--admin", admin.address]);
    await top.shows(/8001/);
    admin.answers.delete("GET status");
    await top.shows(/there is no status/);
    admin.answers.set("GET status", status);
    await until(() => !top.screen().join().includes("there is no status"), "it is well again");
    top.type("\u0003");
    assert.deepEqual(await top.end(), { code: 0, modesSame: true });
  });
});
