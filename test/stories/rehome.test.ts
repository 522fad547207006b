/** A backend goes, and the client's socket stays. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import test, { type TestContext } from "node:test";
import type { ConfigInput } from "../../src/index.ts";
import { startEcho, startEchoes } from "../kit/backends.ts";
import { startBalancer, urlsOf, type Harbour, type LogLine } from "../kit/balancer.ts";
import { needChromium, startBrowser } from "../kit/browser.ts";
import { authority, certificateFor } from "../kit/certs.ts";
import { openWs, whose } from "../kit/clients.ts";
import { OPCODE } from "../kit/frames.ts";
import { ask } from "../kit/http.ts";
import { startNodeEcho } from "../kit/processes.ts";
import { switchingHead } from "../kit/heads.ts";
import { rawClient, startRaw } from "../kit/raw.ts";
import { until } from "../kit/until.ts";

type Rehome = NonNullable<NonNullable<ConfigInput["tunnel"]>["rehome"]>;

/** So much more than the other one's that the first backend is always taken. */
const WEIGHTS = [1_000, 0.000_001];

/** A fairlead whose tunnels are re-homed from the first backend to the second; with an admin API. */
const start = (t: TestContext, urls: string[], rehome: Rehome = "on"): Promise<Harbour> =>
  startBalancer(t, {
    backends: urls.map((url, index) => ({ url, weight: WEIGHTS[index] ?? 1 })),
    balance: "random",
    tunnel: { rehome },
    admin: "127.0.0.1:0",
  });

const origin = ({ balancer }: Harbour): string => `http://127.0.0.1:${balancer.adminAddress?.port}`;

const drain = async (t: TestContext, fairlead: Harbour, backend: string, terms: object = {}): Promise<void> => {
  const body = JSON.stringify({ pool: "default", backend, rate: 1_000, ...terms });
  const headers = { "content-type": "application/json" };
  const answer = await ask(t, `${origin(fairlead)}/api/v1/drains`, { method: "POST", headers }, body);
  assert.equal(answer.status, 201, answer.body.toString());
};

const metrics = async (t: TestContext, fairlead: Harbour): Promise<string> =>
  (await ask(t, `${origin(fairlead)}/metrics`)).body.toString();

const CLIENTS = 50;

test("a backend that is killed with 50 clients talking: none of them sees a close", async (t) => {
  const doomed = await startNodeEcho(t, "doomed");
  const other = await startEcho(t, { name: "other" });
  const fairlead = await startBalancer(t, {
    backends: [doomed.url, other.url],
    balance: "least-connections",
    tunnel: { rehome: "on" },
    admin: "127.0.0.1:0",
  });
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => openWs(t, fairlead.url)));
  let talking = true;
  t.after(() => (talking = false));
  const chats = clients.map(async ({ socket }, index) => {
    for (let count = 0; talking; count += 1) {
      socket.send(`${index}: ${count}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  });
  await until(() => clients.every(({ messages }) => messages.length > 3), "all are talking");
  await doomed.kill();
  const before = clients.map(({ messages }) => messages.length);
  const talkOn = (): boolean => clients.every(({ messages }, index) => messages.length > (before[index] ?? 0) + 10);
  await until(talkOn, "all talk on", 60_000);
  talking = false;
  await Promise.all(chats);
  for (const [index, { messages, socket }] of clients.entries()) {
    assert.equal(socket.readyState, socket.OPEN);
    const numbers = messages.map(({ data }) => Number(data.toString().replace(`${index}: `, "")));
    assert.ok(
      numbers.every((number, at) => at === 0 || number > (numbers[at - 1] ?? -1)),
      "in order and never twice",
    );
  }
  const { pools } = await fairlead.balancer.status();
  assert.deepEqual(
    pools[0]?.backends.map(({ open, load, failures }) => [open, load, failures > 0]),
    [
      [0, 0, true],
      [CLIENTS, CLIENTS, false],
    ],
  );
  assert.match(
    await metrics(t, fairlead),
    /fairlead_rehomings_total\{pool="default",reason="backend-vanished",outcome="rehomed"\} 25/,
  );
  await Promise.all(clients.map((client) => client.bye()));
  await fairlead.idle();
  assert.equal(
    fairlead.records.reduce((sum, { rehomed }) => sum + rehomed, 0),
    CLIENTS / 2,
  );
});

test("a drain moves tunnels: their old backend is told 1001, the new one what has happened, the client nothing", async (t) => {
  const [one, two] = await startEchoes(t, 2);
  assert.ok(one !== undefined && two !== undefined);
  const fairlead = await start(t, urlsOf([one, two]), { quiet: "50ms" });
  const headers = { cookie: "session=1", "fairlead-rehome": "9; forged" };
  const client = await openWs(t, fairlead.url, { protocols: ["chat"], headers });
  assert.equal(await whose(client), "one");
  await drain(t, fairlead, one.url);
  await until(() => one.closes.length === 1, "the old backend is left");
  assert.deepEqual(one.closes, [{ code: 1001, reason: "moving" }]);
  assert.equal(await whose(client), "two");
  const [request] = two.handshakes;
  const [first] = one.handshakes;
  assert.ok(request !== undefined && first !== undefined);
  const { "fairlead-rehome": told, ...same } = request.headers;
  assert.deepEqual(same, first.headers);
  assert.match(String(told), /^1; reason=drain; tunnel=\S+; lost=0$/);
  const { code } = await client.bye();
  assert.equal(code, 1000);
  const record = await fairlead.record(({ kind }) => kind === "tunnel");
  assert.deepEqual([record.rehomed, record.backend, record.tunnel?.cause], [1, two.url, "client-close"]);
  assert.match(String(told), new RegExp(`tunnel=${record.id};`));
});

test("at a drain's deadline, who has no other backend to go to is told so at once", async (t) => {
  const one = await startEcho(t);
  const fairlead = await start(t, [one.url], { timeout: "10m" });
  const client = await openWs(t, fairlead.url);
  await drain(t, fairlead, one.url, { deadline: "100ms" });
  assert.equal((await client.closed()).code, 1012);
  const { tunnel, rehomed } = await fairlead.record(({ kind }) => kind === "tunnel");
  assert.deepEqual([tunnel?.cause, rehomed], ["drain", 0]);
  const counted = await metrics(t, fairlead);
  assert.match(counted, /fairlead_rehomings_total\{pool="default",reason="drain",outcome="failed"\} 1/);
});

test("when no backend comes within the timeout the client gets 1012", async (t) => {
  const [one, two] = await startEchoes(t, 2);
  assert.ok(one !== undefined && two !== undefined);
  const fairlead = await start(t, urlsOf([one, two]), { timeout: "500ms" });
  const client = await openWs(t, fairlead.url);
  await two.kill();
  await one.kill();
  assert.deepEqual(await client.closed(), { code: 1012, reason: "backend went away" });
  const { tunnel, rehomed } = await fairlead.record(({ kind }) => kind === "tunnel");
  assert.deepEqual([tunnel?.cause, rehomed], ["backend-vanished", 0]);
});

test("the only backend starts again: its clients stay, and what they say meanwhile comes through", async (t) => {
  const before = await startEcho(t, { name: "before" });
  const fairlead = await start(t, [before.url], { timeout: "20s" });
  const clients = await Promise.all(Array.from({ length: 20 }, () => openWs(t, fairlead.url)));
  await before.kill();
  const isOut = ({ message }: LogLine): boolean => message === "backend is unhealthy";
  await until(() => fairlead.logs.some(isOut), "nothing is sent to it any more");
  for (const { socket } of clients) socket.send("meanwhile");
  const after = await startEcho(t, { name: "after", port: Number(new URL(before.url).port) });
  for (const client of clients) assert.equal(await client.next(), "meanwhile");
  const counts = after.handshakes.map(({ headers }) => String(headers["fairlead-rehome"]).split(";")[0]);
  assert.deepEqual(
    counts.filter((count) => count === "1"),
    clients.map(() => "1"),
  );
});

test("a backend that accepts and says nothing has until the timeout; the client's Close ends the wait", async (t) => {
  const one = await startEcho(t);
  const mute = await startRaw(t);
  const fairlead = await start(t, [one.url, mute.url], { timeout: "3s" });
  const client = await openWs(t, fairlead.url);
  await one.kill();
  const peer = await mute.peer();
  await peer.head();
  assert.equal((await client.closed()).code, 1012);
  await fairlead.idle();
});

test("a backend that answers with another subprotocol is left, and the client gets 1012", async (t) => {
  const one = await startEcho(t);
  const other = await startEcho(t, { protocol: () => "other" });
  const fairlead = await start(t, [one.url, other.url], { timeout: "3s" });
  const client = await openWs(t, fairlead.url, { protocols: ["chat", "other"] });
  assert.equal(client.socket.protocol, "chat");
  await one.kill();
  assert.equal((await client.closed()).code, 1012);
  await until(() => other.closes.length === 1, "the other one is told");
  assert.deepEqual(
    other.closes.map(({ code }) => code),
    [1001],
  );
});

test("a login is sent again, and its answer is swallowed", async (t) => {
  const heard: string[][] = [];
  const backends = await startEchoes(t, 2, {
    onSocket: (socket) => {
      const mine: string[] = [];
      heard.push(mine);
      socket.on("message", (data: Buffer) => {
        mine.push(data.toString());
        socket.send(data.toString() === "login" ? "welcome" : `heard ${data.toString()}`);
      });
    },
  });
  const fairlead = await start(t, urlsOf(backends), { replay: 1, swallowReplies: 1 });
  const client = await openWs(t, fairlead.url);
  assert.equal(await client.ask("login"), "welcome");
  assert.equal(await client.ask("one"), "heard one");
  await backends[0]?.kill();
  await until(() => heard.length === 2, "the other one has it");
  assert.equal(await client.ask("two"), "heard two");
  assert.deepEqual(heard, [
    ["login", "one"],
    ["login", "two"],
  ]);
});

test("a login over a compressed socket is sent again, and its answer is left out of what the client inflates", async (t) => {
  const deflate = { threshold: 0 };
  const [one, two] = await startEchoes(t, 2, { deflate });
  assert.ok(one !== undefined && two !== undefined);
  const fairlead = await start(t, urlsOf([one, two]), { replay: 1, swallowReplies: 1 });
  const client = await openWs(t, fairlead.url, { perMessageDeflate: deflate });
  assert.match(String(client.answer?.headers["sec-websocket-extensions"]), /server_no_context_takeover/);
  const login = `login ${"again and ".repeat(50)}`;
  assert.equal(await client.ask(login), login);
  await one.kill();
  await until(() => two.sockets.size === 1, "the other one has it");
  for (const said of [login, `${login} and again`, "short"]) assert.equal(await client.ask(said), said);
});

test("sockets over TLS on both sides stay, too", async (t) => {
  const backends = await startEchoes(t, 2, { tls: true });
  const [one, two] = backends;
  assert.ok(one !== undefined && two !== undefined);
  const { certFile: cert, keyFile: key } = certificateFor(["127.0.0.1"]);
  const fairlead = await startBalancer(t, {
    listen: [{ address: "127.0.0.1:0", tls: { certificates: [{ cert, key }] } }],
    pools: { default: { backends: urlsOf(backends), tls: { ca: authority().certFile } } },
    tunnel: { rehome: "on" },
  });
  const client = await openWs(t, `wss://127.0.0.1:${fairlead.port}`, { ca: authority().cert });
  const home = one.sockets.size === 1 ? one : two;
  assert.equal(await whose(client), home.name);
  for (const socket of home.sockets) socket.terminate();
  await until(() => backends.some((other) => other !== home && other.sockets.size === 1), "the other one has it");
  assert.notEqual(await whose(client), home.name);
  await client.bye();
});

test("what tunnels have carried is counted once, at the backend that it went through", async (t) => {
  const [one, two] = await startEchoes(t, 2);
  assert.ok(one !== undefined && two !== undefined);
  const fairlead = await start(t, urlsOf([one, two]));
  const client = await openWs(t, fairlead.url);
  const counted = async (): Promise<number[]> => {
    const text = await metrics(t, fairlead);
    return [one, two].map(({ url }) => {
      const line = new RegExp(
        `fairlead_tunnel_messages_total\\{pool="default",backend="${url}",direction="from_client"\\} (\\d+)`,
      );
      return Number(line.exec(text)?.[1] ?? 0);
    });
  };
  for (let at = 0; at < 5; at += 1) await client.ask(`${at}`);
  assert.deepEqual(await counted(), [5, 0]);
  await one.kill();
  await until(() => two.sockets.size === 1, "the other one has it");
  assert.deepEqual(await counted(), [5, 0]);
  for (let at = 0; at < 3; at += 1) await client.ask(`${at}`);
  assert.deepEqual(await counted(), [5, 3]);
  await client.bye();
  await fairlead.idle();
  assert.deepEqual(await counted(), [5, 3]);
  const { tunnel } = await fairlead.record(({ kind }) => kind === "tunnel");
  assert.equal(tunnel?.client.messages, 8);
});

test("a backend hands its tunnels over with a Close of its own", async (t) => {
  const [one, two] = await startEchoes(t, 2);
  assert.ok(one !== undefined && two !== undefined);
  const fairlead = await start(t, urlsOf([one, two]), { handOverCodes: [1012] });
  const client = await openWs(t, fairlead.url);
  assert.equal(await whose(client), "one");
  for (const socket of one.sockets) socket.close(1012, "restart");
  await until(() => two.sockets.size === 1, "the other one has it");
  assert.equal(await whose(client), "two");
  assert.deepEqual(
    one.closes.map(({ code }) => code),
    [1012],
  );
  const { pools } = await fairlead.balancer.status();
  assert.deepEqual(
    pools[0]?.backends.map(({ failures }) => failures),
    [0, 0],
  );
});

test("a client whose buffer is full is not read from, and loses nothing", async (t) => {
  const one = await startEcho(t);
  const slow = await startRaw(t);
  const fairlead = await start(t, [one.url, slow.url], { buffer: "1KiB" });
  const client = await rawClient(t, fairlead.port);
  await one.kill();
  const peer = await slow.peer();
  const count = 5_000;
  for (let at = 0; at < count; at += 1) client.send({ opcode: OPCODE.text, payload: `${at}`.padEnd(1_000) });
  const request = await peer.head();
  peer.write(switchingHead(request));
  for (let at = 0; at < count; at += 1) {
    const { payload } = await peer.frame();
    assert.equal(Number(payload.toString()), at);
  }
  client.close(1000);
  await peer.expectClose(1000);
  peer.close(1000);
  await client.expectClose(1000);
});

/** Payloads that compress well, build on one another, or do not compress at all. */
const payloadOf = (round: number, index: number): Buffer =>
  index % 3 === 0
    ? randomBytes(2_000)
    : Buffer.from(`${"the quick brown fox, round and round ".repeat(index % 3 === 1 ? 5 : 200)}${round}.${index}`);

test("compressed traffic in both directions goes on across ten re-homings", async (t) => {
  const deflate = { threshold: 0 };
  const backends = await startEchoes(t, 2, { deflate });
  const [one, two] = backends;
  assert.ok(one !== undefined && two !== undefined);
  const fairlead = await start(t, urlsOf(backends));
  const client = await openWs(t, fairlead.url, { perMessageDeflate: deflate });
  const agreed = String(client.answer?.headers["sec-websocket-extensions"]);
  assert.match(agreed, /client_no_context_takeover/);
  assert.doesNotMatch(agreed, /server_no_context_takeover/);
  for (let round = 0; round <= 10; round += 1) {
    for (let index = 0; index < 12; index += 1) {
      const payload = payloadOf(round, index);
      const count = client.messages.length;
      client.socket.send(payload);
      await until(() => client.messages.length > count, "the echo");
      assert.deepEqual(client.messages[count]?.data, payload);
    }
    if (round === 10) break;
    const home = one.sockets.size === 1 ? one : two;
    for (const socket of home.sockets) socket.terminate();
    await until(() => home.sockets.size === 0 && one.sockets.size + two.sockets.size === 1, "it is re-homed");
  }
  assert.equal((await client.bye()).code, 1000);
  assert.equal((await fairlead.record(({ kind }) => kind === "tunnel")).rehomed, 10);
});

test("a browser's page goes on, compressed, when its backend is killed", async (t) => {
  if (!needChromium(t)) return;
  const page = `<!doctype html><title>chat</title>`;
  const backends = await startEchoes(t, 2, {
    deflate: { threshold: 0 },
    onRequest: (_request, response) => response.setHeader("content-type", "text/html").end(page),
  });
  const fairlead = await start(t, urlsOf(backends));
  const browser = await startBrowser(t);
  const tab = await browser.newPage();
  await tab.goto(fairlead.origin);
  await tab.evaluate(() => {
    const socket = new WebSocket(String(Reflect.get(globalThis, "origin")).replace("http", "ws"));
    const state = { heard: [] as unknown[], closed: 0, socket };
    socket.addEventListener("message", ({ data }) => void state.heard.push(data));
    socket.addEventListener("close", ({ code }) => void (state.closed = code));
    Object.assign(globalThis, { state });
    return new Promise((resolve) => socket.addEventListener("open", resolve));
  });
  const say = (text: string): Promise<unknown> =>
    tab.evaluate(async (said) => {
      const { state } = globalThis as unknown as { state: { heard: unknown[]; closed: number; socket: WebSocket } };
      state.socket.send(said);
      const deadline = Date.now() + 10_000;
      while (!state.heard.includes(said) && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 10));
      return [state.heard.includes(said), state.closed];
    }, text);
  for (let round = 0; round < 4; round += 1) {
    assert.deepEqual(await say(`hello ${"hello ".repeat(50)}${round}`), [true, 0]);
    const home = backends.find(({ sockets }) => sockets.size === 1);
    for (const socket of home?.sockets ?? []) socket.terminate();
    await until(() => backends.some((one) => one !== home && one.sockets.size === 1), "it is re-homed");
  }
});
