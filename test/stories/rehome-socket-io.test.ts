/** What re-homing does for socket.io over WebSockets alone, and what it does not. */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import type { Server, ServerOptions, Socket as Session } from "socket.io";
import type { ManagerOptions, Socket, SocketOptions } from "socket.io-client";
import type { Harbour } from "../kit/balancer.ts";
import { openWs } from "../kit/clients.ts";
import { adminOf, drainBackend, startRehoming } from "../kit/rehoming.ts";
import { connected, openSocketIo, type SocketIoServer, startSocketIo } from "../kit/socket-io.ts";
import { until, within } from "../kit/until.ts";

const REHOME = { replay: 1, swallowReplies: 2, timeout: "20s", quiet: "50ms" } as const;

interface Story {
  readonly one: SocketIoServer;
  readonly two: SocketIoServer;
  readonly fairlead: Harbour;
}

interface Setting {
  readonly one?: Partial<ServerOptions>;
  readonly two?: Partial<ServerOptions>;
  readonly replay?: number;
  readonly swallowReplies?: number;
  readonly timeout?: string;
  /** Called with both servers. */
  readonly prepare?: (server: Server) => void;
}

const begin = async (t: TestContext, { one = {}, two = one, prepare, ...rehome }: Setting = {}): Promise<Story> => {
  const servers: [SocketIoServer, SocketIoServer] = [
    await startSocketIo(t, "one", one),
    await startSocketIo(t, "two", two),
  ];
  for (const { server } of servers) prepare?.(server);
  return { one: servers[0], two: servers[1], fairlead: await startRehoming(t, servers, { ...REHOME, ...rehome }) };
};

interface Guest {
  readonly socket: Socket;
  /** Why it was disconnected, each time. */
  readonly ends: readonly string[];
}

const open = async (
  t: TestContext,
  { fairlead }: Story,
  options: Partial<ManagerOptions & SocketOptions> = {},
): Promise<Guest> => {
  const socket = await openSocketIo(t, fairlead.origin, { transports: ["websocket"], ...options });
  const ends: string[] = [];
  socket.on("disconnect", (reason) => ends.push(reason));
  return { socket, ends };
};

const who = (socket: Socket): Promise<string> => socket.timeout(5_000).emitWithAck("who");

/** The sessions that a server has in its default namespace. */
const sessionsOf = ({ server }: SocketIoServer): Session[] => [...server.sockets.sockets.values()];

const isAt = (server: SocketIoServer, count = 1): Promise<void> =>
  until(() => sessionsOf(server).length === count, "it is at the other");

/** How the first server goes. */
const GOINGS: Readonly<Record<string, (t: TestContext, story: Story) => unknown>> = {
  killed: (_t, { one }) => one.kill(),
  drained: (t, { one, fairlead }) => drainBackend(t, adminOf(fairlead), "default", one.url.replace("http", "ws")),
};

for (const [what, go] of Object.entries(GOINGS)) {
  test(`socket.io: a server is ${what}; CONNECT is sent again, and the session goes on as a new one with another server`, async (t) => {
    const story = await begin(t, { one: { perMessageDeflate: true } });
    const { socket, ends } = await open(t, story);
    const { id } = socket;
    let connects = 0;
    socket.on("connect", () => (connects += 1));
    assert.equal(await who(socket), "one");
    await go(t, story);
    await isAt(story.two);
    assert.equal(await who(socket), "two");
    assert.deepEqual([ends, connects, socket.id], [[], 0, id]);
    const [there] = sessionsOf(story.two);
    assert.notEqual(there?.id, id, "for the other server it has another id");
  });
}

test("socket.io: rooms that follow from CONNECT come again, those that an event has joined and the session's data do not", async (t) => {
  const prepare = (server: Server): void =>
    void server.on("connection", (session) => {
      void session.join(String(session.handshake.auth["room"]));
      session.on("join", (room: string, answer: () => void) => {
        session.data = { room };
        void session.join(room);
        answer();
      });
    });
  const story = await begin(t, { prepare });
  const { socket, ends } = await open(t, story, { auth: { room: "red" } });
  const heard: string[] = [];
  socket.on("said", (text: string) => heard.push(text));
  await socket.emitWithAck("join", "blue");
  assert.deepEqual(sessionsOf(story.one)[0]?.rooms, new Set([socket.id, "red", "blue"]));
  story.one.kill();
  await isAt(story.two);
  const [session] = sessionsOf(story.two);
  assert.deepEqual([session?.rooms, session?.data], [new Set([session?.id, "red"]), {}]);
  for (const room of ["blue", String(socket.id), "red"]) story.two.server.to(room).emit("said", room);
  assert.equal(await who(socket), "two");
  assert.deepEqual([heard, ends], [["red"], []]);
});

/** Makes a server let clients in only when it is told to. */
const gate = () => {
  let letIn = (): void => {};
  const opened = new Promise<void>((resolve) => (letIn = resolve));
  const waiting: unknown[] = [];
  const allowRequest: ServerOptions["allowRequest"] = (request, answer) => {
    waiting.push(request);
    void opened.then(() => answer(null, true));
  };
  return { letIn: () => letIn(), waiting, allowRequest };
};

test("socket.io: what a client says while it has no server is answered by the next one, whenever that lets it in", async (t) => {
  const slow = (server: Server): void => void server.use((_session, next) => void setTimeout(next, 100));
  for (const prepare of [() => {}, slow]) {
    const { letIn, waiting, allowRequest } = gate();
    const story = await begin(t, { two: { allowRequest }, prepare });
    const { socket, ends } = await open(t, story);
    story.one.kill();
    await until(() => waiting.length === 1, "the other one is asked");
    const answers = Promise.all([who(socket), who(socket)]);
    letIn();
    assert.deepEqual(await answers, ["two", "two"]);
    assert.deepEqual(ends, []);
  }
});

test("socket.io: a CONNECT that the other server refuses is found out when the client says something", async (t) => {
  const story = await begin(t);
  story.two.server.use((_session, next) => next(new Error("expired")));
  const { socket, ends } = await open(t, story);
  story.one.kill();
  await until(() => story.two.server.engine.clientsCount === 1, "it is at the other");
  assert.deepEqual([socket.connected, ends], [true, []]);
  socket.emit("who", () => {});
  await until(() => ends.length === 1, "the client is disconnected");
  assert.deepEqual(ends, ["transport close"]);
});

test("socket.io: a question to a server that is lost is never answered", async (t) => {
  const asked: string[] = [];
  const prepare = (server: Server): void =>
    void server.on("connection", (session) => void session.on("slow", () => asked.push(session.id)));
  const story = await begin(t, { prepare });
  const { socket, ends } = await open(t, story);
  const unanswered = assert.rejects(socket.timeout(1_000).emitWithAck("slow"), /operation has timed out/);
  await until(() => asked.length === 1, "it is asked");
  story.one.kill();
  await unanswered;
  assert.equal(await who(socket), "two");
  assert.deepEqual([asked.length, ends], [1, []]);
});

test("socket.io: a late answer to the old server's question is taken for one to the new server's, where the numbers are the same", async (t) => {
  const story = await begin(t);
  const { socket } = await open(t, story);
  const answers: ((answer: string) => void)[] = [];
  socket.on("age?", (answer: (answer: string) => void) => answers.push(answer));
  socket.on("name?", () => {});
  sessionsOf(story.one)[0]?.emit("age?", () => {});
  await until(() => answers.length === 1, "the client is asked");
  story.one.kill();
  await isAt(story.two);
  const name: Promise<unknown> = sessionsOf(story.two)[0]!.timeout(5_000).emitWithAck("name?");
  answers[0]?.("42");
  assert.equal(await name, "42");
});

test("socket.io: with one message sent again a second namespace is gone, and saying something in it ends the connection", async (t) => {
  const prepare = (server: Server): void => void server.of("/news");
  const story = await begin(t, { prepare });
  const { socket, ends } = await open(t, story);
  const news = socket.io.socket("/news");
  await connected(news);
  story.one.kill();
  await isAt(story.two);
  assert.equal(await who(socket), "two");
  assert.deepEqual([news.connected, story.two.server.of("/news").sockets.size, ends], [true, 0, []]);
  news.emit("anything");
  await until(() => ends.length === 1, "the client is disconnected");
  assert.deepEqual(ends, ["transport close"]);
});

test("socket.io: two namespaces go on with `replay: 2` and `swallowReplies: 3`", async (t) => {
  const prepare = (server: Server): void =>
    void server.of("/news").on("connection", (session) => void session.on("ask", (answer: () => void) => answer()));
  const story = await begin(t, { prepare, replay: 2, swallowReplies: 3 });
  const { socket, ends } = await open(t, story);
  const news = socket.io.socket("/news");
  await connected(news);
  story.one.kill();
  await isAt(story.two);
  assert.equal(await who(socket), "two");
  await news.timeout(5_000).emitWithAck("ask");
  assert.deepEqual(ends, []);
});

test("socket.io: a client that has begun with polling is refused by the other server, gets 1012 and connects anew", async (t) => {
  const story = await begin(t, { timeout: "1s" });
  const { socket, ends } = await open(t, story, { transports: ["polling", "websocket"], reconnection: true });
  await until(() => socket.io.engine.transport.name === "websocket", "it is upgraded");
  const { id } = socket;
  story.one.kill();
  await until(() => ends.length === 1, "the client is disconnected");
  const { tunnel, rehomed } = await story.fairlead.record(({ kind }) => kind === "tunnel");
  assert.deepEqual([tunnel?.client.closeTo, rehomed], [1012, 0]);
  await connected(socket);
  assert.notEqual(socket.id, id);
  assert.equal(await who(socket), "two");
});

test("socket.io: connection state recovery sees a new session, not one to be recovered", async (t) => {
  const story = await begin(t, { one: { connectionStateRecovery: {} } });
  const { socket, ends } = await open(t, story);
  story.one.kill();
  await isAt(story.two);
  assert.deepEqual([sessionsOf(story.two)[0]?.recovered, socket.recovered, ends], [false, false, []]);
});

test("socket.io: a client's time for pings is the first server's, and runs on from its last one", async (t) => {
  const story = await begin(t, {
    one: { pingInterval: 500, pingTimeout: 1_500 },
    two: { pingInterval: 60_000, pingTimeout: 60_000 },
  });
  const { socket, ends } = await open(t, story);
  await within(new Promise<void>((resolve) => socket.io.once("ping", resolve)), "a ping of the first one");
  story.one.kill();
  await isAt(story.two);
  await until(() => ends.length === 1, "the client gives up");
  assert.deepEqual(ends, ["ping timeout"]);
});

test("socket.io: a server that is closed says a Close without a code, which ends its clients' connections", async (t) => {
  const story = await begin(t);
  const { ends } = await open(t, story);
  await story.one.server.close();
  await until(() => ends.length === 1, "the client is disconnected");
  assert.deepEqual(ends, ["transport close"]);
});

const FILE = '451-["file",{"_placeholder":true,"num":0}]';

test("socket.io: a server that gets the rest of a binary event without its beginning ends the connection", async (t) => {
  const story = await begin(t);
  const client = await openWs(t, `${story.fairlead.url}/socket.io/?EIO=4&transport=websocket`);
  client.socket.send("40");
  await until(() => client.messages.length === 2, "it is connected");
  client.socket.send(FILE);
  await drainBackend(t, adminOf(story.fairlead), "default", story.one.url.replace("http", "ws"));
  await isAt(story.two);
  client.socket.send(Buffer.from("the file"));
  assert.equal((await client.closed()).code, 1005);
});

test("socket.io: a client that has got the beginning of a binary event alone gives up at the next server's first word", async (t) => {
  const story = await begin(t);
  const { socket, ends } = await open(t, story);
  // What `emit` writes first for an event with one binary part.
  sessionsOf(story.one)[0]?.conn.write(FILE.slice(1));
  await within(new Promise((resolve) => socket.io.engine.on("packet", resolve)), "the beginning");
  story.one.kill();
  await isAt(story.two);
  story.two.server.emit("anything");
  await until(() => ends.length === 1, "the client is disconnected");
  assert.deepEqual(ends, ["parse error"]);
});
