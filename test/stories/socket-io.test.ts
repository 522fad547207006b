/** socket.io begins with polling and upgrades to a WebSocket: all of a session's requests must meet on one backend. */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import type { Socket } from "socket.io-client";
import { startBalancer } from "../kit/balancer.ts";
import { openSocketIo, startSocketIo } from "../kit/socket-io.ts";
import { until } from "../kit/until.ts";

/** A session: its cookies are its own, as a browser's are. */
const startSession = (t: TestContext, url: string, transports: string[]): Promise<Socket> =>
  openSocketIo(t, url, { transports, withCredentials: true });

/** URLs of three servers. */
const startThree = async (t: TestContext): Promise<string[]> => {
  const servers = await Promise.all(["one", "two", "three"].map((name) => startSocketIo(t, name)));
  return servers.map(({ url }) => url);
};

const transportOf = (socket: Socket): string | undefined => socket.io.engine.transport.name;

test("socket.io clients poll, upgrade and stay on one of three backends by a cookie", async (t) => {
  const urls = await startThree(t);
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
  const urls = await startThree(t);
  const fairlead = await startBalancer(t, { backends: urls, affinity: "cookie", balance: "round-robin" });
  const socket = await startSession(t, fairlead.origin, ["polling"]);
  const name: unknown = await socket.emitWithAck("who");
  for (let turn = 0; turn < 10; turn += 1) assert.equal(await socket.emitWithAck("who"), name);
});
