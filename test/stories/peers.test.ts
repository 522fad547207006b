/** Real clients and real servers, as people have them, talk through fairlead without knowing of it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import test from "node:test";
import { needChromium, startBrowser } from "../kit/browser.ts";
import { startEcho, startEchoes } from "../kit/backends.ts";
import { startBalancer, urlsOf } from "../kit/balancer.ts";
import { openWs, whose } from "../kit/clients.ts";
import { needGorilla, startGorilla, startSeedServer } from "../kit/gorilla.ts";
import { needPython, startPythonClient, startPythonEcho } from "../kit/python.ts";
import { until, within } from "../kit/until.ts";

/** The seed's JavaScript client, word for word. */
const seedClient = readFileSync(fileURLToPath(new URL("../../examples/seed/client.js", import.meta.url)), "utf8");

test("a ws client exchanges texts, binary, pings and a clean close with a ws backend", async (t) => {
  const backend = await startEcho(t, { name: "one" });
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const client = await openWs(t, `${fairlead.url}/chat?room=7`);
  assert.equal(await whose(client), "one");
  client.socket.send(Buffer.from([1, 2, 3]));
  await client.next();
  assert.deepEqual(client.messages.at(-1), { data: Buffer.from([1, 2, 3]), isBinary: true });
  client.socket.ping("mine");
  const [payload] = await within(once(client.socket, "pong"), "a pong");
  assert.equal(String(payload), "mine");
  assert.equal(backend.handshakes[0]?.url, "/chat?room=7");
  assert.deepEqual(await client.bye(3456, "done here"), { code: 3456, reason: "done here" });
  await until(() => backend.closes.length === 1, "the backend's socket is closed");
  assert.deepEqual(backend.closes, [{ code: 3456, reason: "done here" }]);
  const record = await fairlead.record((one) => one.kind === "tunnel");
  assert.deepEqual([record.status, record.backend, record.path], [101, backend.url, "/chat"]);
  assert.deepEqual([record.tunnel?.client.messages, record.tunnel?.backend.messages], [2, 2]);
  await fairlead.idle();
});

test("a backend's own close reaches the client unchanged", async (t) => {
  const backend = await startEcho(t, { onSocket: (socket) => socket.close(4321, "enough") });
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const client = await openWs(t, fairlead.url);
  assert.deepEqual(await client.closed(), { code: 4321, reason: "enough" });
  await fairlead.idle();
});

test("Node's own WebSocket talks compressed to a ws backend", async (t) => {
  const backend = await startEcho(t, { deflate: { threshold: 0 } });
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const socket = new WebSocket(fairlead.url, ["chat"]);
  await within(once(socket, "open"), "it opens");
  assert.match(socket.extensions, /permessage-deflate/);
  assert.equal(socket.protocol, "chat");
  const long = "fair winds ".repeat(10_000);
  socket.send(long);
  const [message] = await within(once(socket, "message"), "the echo");
  assert.equal(message.data, long);
  socket.close(1000, "bye");
  const [close] = await within(once(socket, "close"), "the close");
  assert.deepEqual([close.code, close.reason, close.wasClean], [1000, "bye", true]);
});

test("the seed's JavaScript client in a browser opens, sends, gets its echo and closes cleanly", async (t) => {
  if (!needChromium(t)) return;
  const backend = await startEcho(t, {
    deflate: true,
    onRequest: (_request, response) => response.end("<p>a page</p>"),
  });
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const browser = await startBrowser(t, { "loadbalancer:8080": `127.0.0.1:${fairlead.port}` });
  const page = await browser.newPage();
  const lines: string[] = [];
  page.on("console", (message) => lines.push(message.text()));
  await page.goto("http://loadbalancer:8080/");
  await page.addScriptTag({ content: seedClient });
  await until(() => lines.includes("Data received: Hello from client!"), "the echo");
  await page.evaluate("socket.close(1000, 'seen')");
  await until(() => lines.length === 3, "the close");
  assert.deepEqual(lines, [
    "Connection established",
    "Data received: Hello from client!",
    "Connection closed cleanly, code=1000 reason=seen",
  ]);
});

test("the seed's Go server on port 8000, as written, serves a browser's and a ws client", async (t) => {
  if (!needGorilla(t)) return;
  const server = await startSeedServer(t);
  const fairlead = await startBalancer(t, { backends: ["ws://127.0.0.1:8000"] });
  const client = await openWs(t, `${fairlead.url}/socket`);
  assert.equal(await client.ask("Hello from client!"), "Hello from client!");
  await server.line(/Received message: Hello from client!/);
  assert.equal((await client.bye(1001)).code, 1001);
  await server.line(/Read error: websocket: close 1001/);
  await fairlead.idle();
});

test("a gorilla server's 404 for another path reaches the client unchanged", async (t) => {
  if (!needGorilla(t)) return;
  const server = await startGorilla(t);
  const fairlead = await startBalancer(t, { backends: [server.url] });
  const response = await fetch(`${fairlead.origin}/elsewhere`);
  assert.equal(response.status, 404);
  assert.equal(await response.text(), "404 page not found\n");
});

test("Python's websockets speaks to Python's websockets", async (t) => {
  if (!needPython(t)) return;
  const server = await startPythonEcho(t);
  const fairlead = await startBalancer(t, { backends: [server.url] });
  const client = startPythonClient(t, fairlead.url);
  await client.line(/^closed 1000$/);
  assert.deepEqual(client.lines.slice(1), ["text grüße", "bytes True", "pong", "closed 1000"]);
  await fairlead.idle();
});

test("Python's client and a ws backend agree on a subprotocol", async (t) => {
  if (!needPython(t)) return;
  const backends = await startEchoes(t, 2);
  const fairlead = await startBalancer(t, { backends: urlsOf(backends) });
  const client = startPythonClient(t, fairlead.url);
  await client.line(/^closed 1000$/);
  assert.equal(client.lines[0], "subprotocol chat");
});
