import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { createServer } from "node:net";
import type { ServerResponse } from "node:http";
import { describe, test } from "node:test";

import type { Terminal } from "../../src/cli/terminal.ts";
import { until } from "../kit/until.ts";
import { fakeBackend, fakeMove, fakeStatus, fakeTunnel, Refusal, startFakeAdmin } from "./fake-admin.ts";
import { run } from "./run.ts";

const A = "ws://10.0.0.1:8001";
const B = "ws://10.0.0.2:8002";
const STATUS = fakeStatus({ chat: [fakeBackend(A, { open: 3, tunnels: 30 }), fakeBackend(B, { open: 1 })] });
const EVENT = { id: 5, time: new Date().toISOString(), type: "reloaded", message: "the configuration was reloaded" };

/** A terminal where somebody answers every question like this. */
const answering = (answer: string, asked: string[] = []): Terminal => ({
  size: () => ({ columns: 100, rows: 30 }),
  write: () => undefined,
  onKeys: () => () => undefined,
  onResize: () => () => undefined,
  question: (text) => {
    asked.push(text);
    return Promise.resolve(answer);
  },
});

describe("the way to the admin API", () => {
  test("where nothing listens, it says so, how to name another place, and exits with 1", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const { code, stderr } = await run(["status", "--admin", `127.0.0.1:${port}`]);
    assert.equal(code, 1);
    assert.match(stderr, /cannot be reached at 127\.0\.0\.1:\d+: nothing listens there; .*--admin.*ADMIN_UNREACHABLE/);
  });

  test("FAIRLEAD_ADMIN names it too; an address that means everywhere is asked on this machine", async (t) => {
    const admin = await startFakeAdmin(t, { "GET status": STATUS });
    const everywhere = admin.address.replace("127.0.0.1", "0.0.0.0");
    assert.equal((await run(["status"], { env: { FAIRLEAD_ADMIN: everywhere } })).code, 0);
    assert.equal((await run(["--admin", admin.address, "status"], { env: { FAIRLEAD_ADMIN: "off" } })).code, 0);
  });

  test("what is no address is wrong usage", async () => {
    const off = await run(["status"], { env: { FAIRLEAD_ADMIN: "off" } });
    assert.deepEqual([off.code, /FAIRLEAD_ADMIN is off/.test(off.stderr)], [2, true]);
    const none = await run(["status", "--admin", "nowhere"]);
    assert.deepEqual([none.code, /--admin: "nowhere" is not an address/.test(none.stderr)], [2, true]);
  });

  test("a token comes from the environment or from a file, and is asked for where it is missing", async (t) => {
    const admin = await startFakeAdmin(t, {
      "GET status": ({ token }: { token?: string }) =>
        token === "Bearer abc" ? STATUS : new Refusal(401, "DENIED", "a token is needed"),
    });
    const argv = ["status", "--admin", admin.address];
    const without = await run(argv);
    assert.equal(without.code, 1);
    assert.match(without.stderr, /wants a token; give it by FAIRLEAD_ADMIN_TOKEN or --token-file FILE/);
    assert.match((await run(argv, { env: { FAIRLEAD_ADMIN_TOKEN: "x" } })).stderr, /does not take this token/);
    assert.equal((await run(argv, { env: { FAIRLEAD_ADMIN_TOKEN: "abc" } })).code, 0);
    assert.equal((await run([...argv, "--token-file", "/t"], { files: { "/t": "abc\n" } })).code, 0);
    assert.equal((await run([...argv, "--token-file", "/u"])).code, 2);
  });

  test("what is no admin API of ours is told from one", async (t) => {
    const admin = await startFakeAdmin(t, { "GET status": { hello: "world" } });
    const { code, stderr } = await run(["status", "--admin", admin.address]);
    assert.equal(code, 1);
    assert.match(stderr, /another form than this fairlead reads \(status\.version\)/);
  });
});

/** A moment as the API tells it; below 0 it is to come. */
const ago = (milliseconds: number): string => new Date(Date.now() - milliseconds).toISOString();

describe("status", () => {
  test("it shows every pool and backend with its share", async (t) => {
    const admin = await startFakeAdmin(t, { "GET status": STATUS });
    const { code, stdout } = await run(["status", "--admin", admin.address]);
    assert.equal(code, 0);
    assert.match(stdout, /^fairlead 9\.9\.9, running, up \S+, 1 worker\nlistening on ws:\/\/127\.0\.0\.1:8080\n/);
    assert.match(stdout, /^4 tunnels \(of 1,000\), /m);
    assert.match(stdout, /^ {2}ws:\/\/10\.0\.0\.1:8001 +active +healthy +1 +3 +75\.0% +30 +0 +- +-$/m);
  });

  test("why a backend is not healthy stands beside it", async (t) => {
    const ill = fakeBackend(A, { health: "unhealthy", reason: "three dials were refused", since: ago(125_000) });
    const admin = await startFakeAdmin(t, { "GET status": fakeStatus({ chat: [ill] }) });
    const { stdout } = await run(["status", "--admin", admin.address]);
    assert.match(stdout, /unhealthy .*three dials were refused \(for 2m\d\ds\)$/m);
  });

  test("every state that keeps work away is told with its time, and what the method goes by where it does", async (t) => {
    const directions = { fromClient: 1_500, fromBackend: 500 };
    const backends = [
      fakeBackend(A, {
        ...{ health: "ejected", reason: "30 % failures, the others 1 %", since: ago(65_000), outUntil: ago(-95_000) },
        ...{ flaps: 3, penalty: 2.4, stateSince: ago(185_000), state: "draining" },
      }),
      fakeBackend(B, {
        ...{ flaps: 1, penalty: 0.5, reason: "a probe succeeded", since: ago(65_000) },
        flow: { messages: directions, bytes: { fromClient: 1_048_576, fromBackend: 0 } },
        measured: { activity: 12.34, handshakeMs: 3.21, roundTripMs: null, reported: { load: 0.7, ageMs: 5 } },
        warming: { share: 0.4, since: ago(65_000), until: ago(-95_000) },
        spared: { reason: "slow", since: ago(65_000) },
      }),
    ];
    const status = fakeStatus({ chat: backends });
    const [pool] = status.pools;
    const panicking = { reason: "1 of 2 backends are well", since: ago(65_000) };
    const pools = [{ ...pool, panic: true, panicking }];
    const admin = await startFakeAdmin(t, { "GET status": { ...status, pools } });
    const { stdout } = await run(["status", "--admin", admin.address]);
    assert.match(stdout, /all are tried \(1 of 2 backends are well, for 1m\d\ds\)$/m);
    assert.match(stdout, /messages\/s +bytes\/s +activity +handshake +says/);
    assert.match(
      stdout,
      /ejected .* 30 % failures, the others 1 % \(for 1m\d\ds, 1m\d\ds to go\); flaps: fell 3 times; draining \(for 3m\d\ds\)$/m,
    );
    assert.match(stdout, / 2,000 +1\.0 MiB +12 +3\.2ms +70\.0% {2}well again: a probe succeeded \(for 1m\d\ds\); /);
    assert.match(
      stdout,
      /; stands out, but too many are out: slow \(for 1m\d\ds\); warms up: 40\.0% of its weight \(for /,
    );
  });

  test("--json gives it as it came", async (t) => {
    const admin = await startFakeAdmin(t, { "GET status": STATUS });
    assert.deepEqual(JSON.parse((await run(["status", "--json", "--admin", admin.address])).stdout), STATUS);
  });
});

describe("tunnels", () => {
  const page = {
    total: 3,
    offset: 0,
    tunnels: [fakeTunnel("t1"), fakeTunnel("t2", { state: "ending", pinned: true, rehomed: 3 })],
  };

  test("filters, order and limit go to the API, and every tunnel is a line", async (t) => {
    const admin = await startFakeAdmin(t, { "GET status": STATUS, "GET tunnels": page });
    const filters = ["--backend", ":8001", "--route", "default", "--client", "192.0.2.7", "--min-age", "5m"];
    const argv = [
      "tunnels",
      ...filters,
      "--min-idle",
      "30s",
      "--sort",
      "bytes",
      "--limit",
      "2",
      "--admin",
      admin.address,
    ];
    const { code, lines } = await run(argv);
    assert.equal(code, 0);
    const query = new URLSearchParams(admin.requests.at(-1)?.path.split("?")[1]);
    assert.deepEqual(Object.fromEntries(query), {
      ...{ pool: "chat", backend: A, route: "default", client: "192.0.2.7", minAge: "5m", minIdle: "30s" },
      ...{ sort: "-bytes", offset: "0", limit: "2" },
    });
    assert.match(
      lines[1] ?? "",
      /^t1 +chat +ws:\S+ +192\.0\.2\.7 +\/socket +default +1m01s +2\.0s +7 +1\.5 KiB +12ms$/,
    );
    assert.match(lines[2] ?? "", /ending pinned re-homed 3$/);
    assert.equal(lines[3], "3 tunnels; 1 more with a larger --limit");
  });

  test("more than the API gives at a time are asked for page by page", async (t) => {
    const admin = await startFakeAdmin(t, {
      "GET tunnels": ({ path }: { path: string }) => {
        const limit = Number(new URLSearchParams(path.split("?")[1]).get("limit"));
        return {
          total: 5000,
          offset: 0,
          tunnels: Array.from({ length: limit }, (_, index) => fakeTunnel(`t${index}`)),
        };
      },
    });
    const { stdout } = await run(["tunnels", "--limit", "1500", "--json", "--admin", admin.address]);
    assert.equal((JSON.parse(stdout) as { tunnels: unknown[] }).tunnels.length, 1500);
    assert.equal(admin.requests.length, 2);
  });

  test("--end ends those that fit, after a yes", async (t) => {
    const admin = await startFakeAdmin(t, { "GET tunnels": page, "DELETE tunnels": { ended: 3 } });
    const argv = ["tunnels", "--pool", "chat", "--min-idle", "5m", "--end", "--admin", admin.address];
    const asked: string[] = [];
    const no = await run(argv, { terminal: answering("", asked) });
    assert.deepEqual([no.code, no.stderr, admin.changes()], [1, "nothing has been ended\n", []]);
    assert.deepEqual(asked, ["End 3 tunnels (pool chat, min-idle 5m) with 1012? [y/N] "]);
    const yes = await run(argv, { terminal: answering("y") });
    assert.deepEqual([yes.code, yes.stdout], [0, "3 tunnels ended\n"]);
    assert.deepEqual(admin.changes(), ["DELETE tunnels?pool=chat&minIdle=5m"]);
    assert.equal((await run([...argv, "--yes"])).code, 0);
  });

  test("--end needs a filter, and without a terminal --yes", async (t) => {
    const admin = await startFakeAdmin(t, { "GET tunnels": page });
    const all = await run(["tunnels", "--end", "--yes", "--admin", admin.address]);
    assert.deepEqual([all.code, /--end wants to know which/.test(all.stderr)], [2, true]);
    const unasked = await run(["tunnels", "--pool", "chat", "--end", "--admin", admin.address]);
    assert.deepEqual([unasked.code, /no terminal to ask; say --yes/.test(unasked.stderr)], [2, true]);
    assert.deepEqual(admin.changes(), []);
  });
});

describe("reload", () => {
  test("it tells what has changed, what was taken back and what waits for a restart", async (t) => {
    const report = {
      ...{ outcome: "reloaded", revision: 3, file: "fairlead.yaml", warnings: ["mind the gap"] },
      ...{ changes: ["+ backend x"], overruled: ["weight of y"], needsRestart: ["workers: 2 -> 4"] },
    };
    const admin = await startFakeAdmin(t, { "POST reload": report });
    const { code, stdout, stderr } = await run(["reload", "--admin", admin.address]);
    assert.deepEqual([code, stderr], [0, "warning: mind the gap\n"]);
    assert.equal(
      stdout,
      "fairlead.yaml: reloaded, revision 3\n\nchanged:\n  + backend x\n\nchanged at run time, and taken back by the file:\n" +
        "  weight of y\n\nstays as it is until a restart:\n  workers: 2 -> 4\n",
    );
  });

  test("a bad file is exit code 2 with all its mistakes", async (t) => {
    const problems = [
      { path: "workres", message: "unknown key", place: "fairlead.yaml:2:1" },
      { path: "drain", message: "expected a duration", place: "--drain" },
    ];
    const admin = await startFakeAdmin(t, {
      "POST reload": new Refusal(422, "CONFIG_INVALID", "it is wrong", problems),
    });
    const { code, stderr } = await run(["reload", "--admin", admin.address]);
    assert.equal(code, 2);
    assert.equal(stderr, "fairlead.yaml:2:1: workres: unknown key\n--drain: expected a duration\n");
  });
});

describe("events", () => {
  test("what has happened is shown, then what happens, from where that ended", async (t) => {
    const open: ServerResponse[] = [];
    const admin = await startFakeAdmin(t, {
      "GET events": (_request: unknown, response: ServerResponse) => {
        if (response.req.headers.accept !== "text/event-stream") return [EVENT];
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(`: hello\n\nid: 5\ndata: ${JSON.stringify(EVENT)}\n\n`);
        response.write(`id: 6\ndata: ${JSON.stringify({ ...EVENT, id: 6, type: "ready", message: "é" })}\n\n`);
        open.push(response);
        return undefined;
      },
    });
    const signals = new EventEmitter();
    let printed = "";
    const onOutput = (text: string): void => void (printed += text);
    const running = run(["events", "--json", "--admin", admin.address], { signals, onOutput });
    await until(() => printed.includes("ready"), "the event is told");
    assert.equal(open[0]?.req.headers["last-event-id"], "5");
    signals.emit("SIGINT");
    const { code, lines } = await running;
    assert.equal(code, 0);
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as { id: number }).id),
      [5, 6],
    );
  });

  test("--since and --no-follow show what has happened in that time, and end", async (t) => {
    const old = { ...EVENT, id: 1, time: new Date(Date.now() - 3_600_000).toISOString() };
    const admin = await startFakeAdmin(t, { "GET events": [old, EVENT] });
    const { code, lines } = await run(["events", "--since", "10m", "--no-follow", "--admin", admin.address]);
    assert.equal(code, 0);
    assert.match(lines.join("\n"), /^\d\d:\d\d:\d\d {2}reloaded +the configuration was reloaded$/);
  });

  test("an instance that goes away is waited for", async (t) => {
    let streams = 0;
    const admin = await startFakeAdmin(t, {
      "GET events": (_request: unknown, response: ServerResponse) => {
        if (response.req.headers.accept !== "text/event-stream") return streams === 0 ? [EVENT] : [];
        streams += 1;
        response.writeHead(200, { "content-type": "text/event-stream" });
        if (streams === 1) response.destroy();
        else response.write(`data: ${JSON.stringify({ ...EVENT, id: 1, type: "started" })}\n\n`);
        return undefined;
      },
    });
    const signals = new EventEmitter();
    let printed = "";
    const onOutput = (text: string): void => void (printed += text);
    const running = run(["events", "--admin", admin.address], { signals, onOutput });
    await until(() => printed.includes("started"), "the new instance's event is told");
    signals.emit("SIGINT");
    assert.match((await running).stderr, /has gone away; waiting for it/);
  });
});

test("backend adds, sets and removes", async (t) => {
  const path = `pools/chat/backends/${encodeURIComponent(A)}`;
  const admin = await startFakeAdmin(t, {
    ...{ "GET status": STATUS, "POST pools/chat/backends": fakeBackend("ws://c:1") },
    ...{ [`PATCH ${path}`]: fakeBackend(A), [`DELETE ${path}`]: fakeMove() },
  });
  const at = ["--admin", admin.address];
  const added = await run(["backend", "add", "ws://c:1", "--weight", "2", "--max-connections", "off", ...at]);
  assert.deepEqual([added.code, added.stdout], [0, "ws://c:1 added to pool chat\n"]);
  assert.deepEqual(admin.requests.at(-1)?.body, { url: "ws://c:1", weight: 2, maxConnections: "off" });
  assert.equal((await run(["backend", "set", ":8001", "--state", "draining", ...at])).code, 0);
  assert.deepEqual(admin.requests.at(-1)?.body, { state: "draining" });
  assert.match((await run(["backend", "remove", ":8001", ...at])).stdout, /removed from pool chat; drain of ws/);
  assert.equal((await run(["backend", "set", ":8001", ...at])).code, 2);
  assert.equal((await run(["backend", "drop", ":8001", ...at])).code, 2);
});
