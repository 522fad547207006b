/** socket.io begins with polling and upgrades to a WebSocket: all of a session's requests must meet on one backend. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type TestContext } from "node:test";
import { Server } from "socket.io";
import { io, type Socket } from "socket.io-client";
import { startBalancer } from "../kit/balancer.ts";
import { lastly } from "../kit/cleanup.ts";
import { until, within } from "../kit/until.ts";

const startSocketIo = async (t: TestContext, name: string): Promise<string> => {
  const http = createServer();
  const server = new Server(http);
  server.on("connection", (socket) => {
    socket.on("who", (answer: (name: string) => void) => answer(name));
    socket.on("echo", (payload: unknown, answer: (payload: unknown) => void) => answer(payload));
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  lastly(t, async () => {
    http.closeAllConnections();
    await server.close();
  });
  const { port } = http.address() as AddressInfo; // a TCP server that listens has one
  return `http://127.0.0.1:${port}`;
};

/** A session: its cookies are its own, as a browser's are. */
const startSession = async (t: TestContext, url: string, transports: string[]): Promise<Socket> => {
  const socket = io(url, { transports, withCredentials: true, forceNew: true, reconnection: false });
  lastly(t, () => void socket.disconnect());
  await within(
    new Promise<void>((resolve, reject) => {
      socket.on("connect", resolve);
      socket.on("connect_error", reject);
    }),
    "the session begins",
  );
  return socket;
};

const transportOf = (socket: Socket): string | undefined => socket.io.engine.transport.name;

test("socket.io clients poll, upgrade and stay on one of three backends by a cookie", async (t) => {
  const urls = await Promise.all(["one", "two", "three"].map((name) => startSocketIo(t, name)));
  const fairlead = await startBalancer(t, { backends: urls, affinity: "cookie", balance: "round-robin" });
  const seen = new Set<unknown>();
  for (let session = 0; session < 6; session += 1) {
    const socket = await startSession(t, fairlead.origin, ["polling", "websocket"]);
    const name: unknown = await socket.emitWithAck("who");
    await until(() => transportOf(socket) === "websocket", "the session is upgraded");
    assert.equal(await socket.emitWithAck("who"), name);
    const payload = Buffer.alloc(100_000, session);
    assert.deepEqual(await socket.emitWithAck("echo", payload), payload);
    seen.add(name);
    socket.disconnect();
  }
  assert.equal(seen.size, 3, "the sessions are spread over all backends");
  await fairlead.idle();
});

test("socket.io clients that only poll stay on their backend too", async (t) => {
  const urls = await Promise.all(["one", "two", "three"].map((name) => startSocketIo(t, name)));
  const fairlead = await startBalancer(t, { backends: urls, affinity: "cookie", balance: "round-robin" });
  const socket = await startSession(t, fairlead.origin, ["polling"]);
  const name: unknown = await socket.emitWithAck("who");
  for (let turn = 0; turn < 10; turn += 1) assert.equal(await socket.emitWithAck("who"), name);
});
