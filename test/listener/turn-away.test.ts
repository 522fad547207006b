/** Connections for which there is no room. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import test, { type TestContext } from "node:test";

import { TurnAway } from "../../src/listener/index.ts";
import { lastly } from "../kit/cleanup.ts";
import { until } from "../kit/until.ts";

const PLAIN = { name: "127.0.0.1:0", host: "127.0.0.1", port: 0 };
const SECURE = { ...PLAIN, tls: { certificates: [], minVersion: "TLSv1.2" as const } };

/** Connections to a server that turns them away, each with what it was told. */
const scene = async (t: TestContext, turnAway: TurnAway, listener: typeof PLAIN | typeof SECURE) => {
  const accepted: Socket[] = [];
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    accepted.push(socket);
    turnAway.refuse(socket, listener, "3");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  lastly(t, () => void server.close());
  const visit = async (first = "") => {
    const socket = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1", allowHalfOpen: true });
    lastly(t, () => void socket.destroy());
    const visitor = { socket, told: "", over: false };
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => (visitor.told += bytes.toString()));
    for (const end of ["end", "close"]) socket.on(end, () => (visitor.over = true));
    socket.write(first);
    const before = accepted.length;
    await until(() => accepted.length > before, "it is accepted");
    return visitor;
  };
  return { accepted, visit };
};

test("a connection is told 503 and when to come again, even while it is still sending", async (t) => {
  const { visit, accepted } = await scene(t, new TurnAway(2), PLAIN);
  const visitor = await visit(`GET / HTTP/1.1\r\nX: ${"x".repeat(500_000)}`);
  await until(() => visitor.over, "its end");
  assert.equal(
    visitor.told,
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
  );
  await until(() => accepted.every((socket) => socket.closed), "it does not stay, though the client has not left");
});

test("only so many are told so at a time; TLS cannot be told anything; whoever has not left goes at the end", async (t) => {
  const turnAway = new TurnAway(1);
  const plain = await scene(t, turnAway, PLAIN);
  const secure = await scene(t, turnAway, SECURE);
  const [first, second, third] = [await plain.visit(), await plain.visit(), await secure.visit()];
  await until(() => first.over && second.over && third.over, "their ends");
  assert.match(first.told, /^HTTP\/1\.1 503 /);
  assert.deepEqual([second.told, third.told], ["", ""]);
  turnAway.stop();
  await until(() => plain.accepted.every((socket) => socket.closed), "all are gone");
});
