/** What re-homing does for protocols that begin with a login of their own, and what it does not. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import test, { type TestContext } from "node:test";
import { Server } from "socket.io";
import { io } from "socket.io-client";
import type { WebSocket } from "ws";
import { startEchoes } from "../kit/backends.ts";
import { startBalancer } from "../kit/balancer.ts";
import { lastly } from "../kit/cleanup.ts";
import { openWs } from "../kit/clients.ts";
import { startNodeEcho } from "../kit/processes.ts";
import { until, within } from "../kit/until.ts";

interface SocketIo {
  readonly url: string;
  readonly server: Server;
  kill(): void;
}

const startSocketIo = async (t: TestContext, name: string): Promise<SocketIo> => {
  const http = createServer();
  const server = new Server(http, { perMessageDeflate: true });
  const connections = new Set<Socket>();
  http.on("connection", (socket: Socket) => connections.add(socket));
  server.on("connection", (socket) => {
    socket.on("who", (answer: (name: string) => void) => answer(name));
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const kill = (): void => {
    http.close();
    for (const socket of connections) socket.destroy();
  };
  lastly(t, async () => {
    http.closeAllConnections();
    await server.close();
  });
  const { port } = http.address() as AddressInfo; // a TCP server that listens has one
  return { url: `http://127.0.0.1:${port}`, server, kill };
};

/** The first backend is always taken as long as it is there. */
const inOrder = (urls: readonly string[]): { url: string; weight: number }[] =>
  urls.map((url, index) => ({ url, weight: index === 0 ? 1_000 : 0.000_001 }));

test("socket.io over WebSockets alone: its CONNECT is sent again, and the session goes on with another server", async (t) => {
  const one = await startSocketIo(t, "one");
  const two = await startSocketIo(t, "two");
  const fairlead = await startBalancer(t, {
    backends: inOrder([one.url, two.url]),
    balance: "random",
    tunnel: { rehome: { replay: 1, swallowReplies: 2 } },
  });
  const socket = io(fairlead.origin, { transports: ["websocket"], forceNew: true, reconnection: false });
  lastly(t, () => void socket.disconnect());
  const ends: string[] = [];
  socket.on("disconnect", (reason) => ends.push(reason));
  await within(new Promise<void>((resolve) => socket.once("connect", resolve)), "the session begins");
  const { id } = socket;
  assert.equal(await socket.timeout(5_000).emitWithAck("who"), "one");
  one.kill();
  await until(
    () => two.server.engine.clientsCount === 1 && two.server.sockets.sockets.size === 1,
    "it is at the other",
  );
  assert.equal(await socket.timeout(5_000).emitWithAck("who"), "two");
  assert.deepEqual([ends, socket.id], [[], id]);
  const [there] = two.server.sockets.sockets.keys();
  assert.notEqual(there, id, "for the other server it is a new session, without rooms or data of the old one");
});

/** A server of the protocol graphql-transport-ws with one subscription, which counts. */
const graphql = (socket: WebSocket): void => {
  let isIn = false;
  let count = 0;
  const say = (message: object): void => socket.send(JSON.stringify(message));
  const ticker = setInterval(() => {
    if (!isIn || count === 0) return;
    say({ id: "1", type: "next", payload: { data: { count } } });
    count += 1;
  }, 20);
  socket.on("close", () => clearInterval(ticker));
  socket.on("message", (data: Buffer) => {
    const { type } = JSON.parse(data.toString()) as { type: string }; // the test's own client sends it
    if (type === "connection_init") {
      isIn = true;
      say({ type: "connection_ack" });
    } else if (!isIn) socket.close(4401, "Unauthorized");
    else if (type === "subscribe") count = 1;
  });
};

test("graphql-transport-ws: connection_init and the first subscription are sent again, and the second ack is swallowed", async (t) => {
  const [one, two] = await startEchoes(t, 2, { onSocket: graphql });
  assert.ok(one !== undefined && two !== undefined);
  const fairlead = await startBalancer(t, {
    backends: inOrder([one.url, two.url]),
    balance: "random",
    tunnel: { rehome: { replay: 2, swallowReplies: 1 } },
  });
  const client = await openWs(t, fairlead.url, { protocols: ["graphql-transport-ws"] });
  client.socket.send(JSON.stringify({ type: "connection_init" }));
  assert.deepEqual(JSON.parse(await client.next()), { type: "connection_ack" });
  client.socket.send(JSON.stringify({ id: "1", type: "subscribe", payload: { query: "subscription { count }" } }));
  await until(() => client.messages.length > 4, "events come");
  await one.kill();
  await until(() => two.sockets.size === 1, "the other one has it");
  const before = client.messages.length;
  await until(() => client.messages.length > before + 4, "events come again");
  const types = client.messages.slice(1).map(({ data }) => (JSON.parse(data.toString()) as { type: string }).type);
  assert.deepEqual([...new Set(types)], ["next"]);
});

test("a backend that is frozen is found by its heartbeat, and its clients go on elsewhere", async (t) => {
  const frozen = await startNodeEcho(t, "frozen");
  const other = await startNodeEcho(t, "other");
  const fairlead = await startBalancer(t, {
    backends: inOrder([frozen.url, other.url]),
    balance: "random",
    tunnel: { rehome: "on", heartbeat: { interval: "200ms", timeout: "300ms" } },
  });
  const client = await openWs(t, fairlead.url);
  assert.equal(await client.ask("who"), "frozen");
  frozen.freeze();
  let pongs = 0;
  client.socket.on("pong", () => (pongs += 1));
  client.socket.ping("are you there?");
  await until(() => pongs === 1, "the ping that the frozen one had is answered by the other");
  assert.equal(await client.ask("who"), "other");
  frozen.thaw();
  await client.bye();
  const { rehomed, backend } = await fairlead.record(({ kind }) => kind === "tunnel");
  assert.deepEqual([rehomed, backend], [1, other.url]);
});
