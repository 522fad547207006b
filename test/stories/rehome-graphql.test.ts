/** What re-homing does for graphql-ws, with the library itself on both sides, and what it does not. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import test, { type TestContext } from "node:test";
import type { Harbour } from "../kit/balancer.ts";
import {
  type GraphqlClient,
  type GraphqlOptions,
  type GraphqlServer,
  openGraphql,
  startGraphql,
} from "../kit/graphql.ts";
import { adminOf, drainBackend, startRehoming } from "../kit/rehoming.ts";
import { until } from "../kit/until.ts";

const REHOME = { replay: 2, swallowReplies: 1, quiet: "50ms" } as const;

const SAID = "subscription { said }";

interface Story {
  readonly one: GraphqlServer;
  readonly two: GraphqlServer;
  readonly fairlead: Harbour;
}

/** @param other the second server's options, where they are not the first one's */
const begin = async (t: TestContext, options: GraphqlOptions = {}, other = options): Promise<Story> => {
  const one = await startGraphql(t, "one", options);
  const two = await startGraphql(t, "two", other);
  const fairlead = await startRehoming(t, [one, two], REHOME);
  return { one, two, fairlead };
};

/** Has the first server say something until the client's first subscription, which is made here, has heard it. */
const subscribe = async ({ one }: Story, client: GraphqlClient): Promise<() => void> => {
  const end = client.begin(SAID);
  await until(() => one.began.includes("said"), "it is subscribed");
  one.say("hello");
  await until(() => client.heard.includes("said hello"), "it is heard");
  return end;
};

/** How the first server goes. */
const GOINGS: Readonly<Record<string, (t: TestContext, story: Story) => unknown>> = {
  killed: (_t, { one }) => one.kill(),
  drained: (t, { one, fairlead }) => drainBackend(t, adminOf(fairlead), "default", one.url),
};

for (const [what, go] of Object.entries(GOINGS)) {
  test(`graphql-ws: a server is ${what}; connection_init and the first subscription go on, and the second ack is swallowed`, async (t) => {
    const story = await begin(t);
    const { two, fairlead } = story;
    const client = openGraphql(t, fairlead.url);
    await subscribe(story, client);
    await go(t, story);
    await until(() => two.began.includes("said"), "the other one has it");
    two.say("still here");
    assert.equal(await client.ask("{ who }"), "two");
    await until(() => client.heard.length === 2, "it is heard");
    assert.deepEqual(client.heard, ["said hello", "said still here"]);
    assert.deepEqual(client.types, ["connection_ack", "next", "next", "next", "complete"]);
    assert.deepEqual(client.closes, []);
  });
}

test("graphql-ws: a server that pings by WebSocket's own pings is answered after a re-homing, too", async (t) => {
  const story = await begin(t, { keepAlive: 500 });
  const { one, two, fairlead } = story;
  const client = openGraphql(t, fairlead.url);
  await subscribe(story, client);
  one.kill();
  await until(() => two.sockets.size === 1, "the other one has it");
  let pongs = 0;
  for (const socket of two.sockets) socket.on("pong", () => (pongs += 1));
  await until(() => pongs > 1, "the client answers");
  assert.deepEqual(client.closes, []);
});

test("graphql-ws: a server that lets clients in a moment later gets the subscription when it has", async (t) => {
  const story = await begin(t, {}, { onConnect: () => new Promise((resolve) => setTimeout(resolve, 100, true)) });
  const client = openGraphql(t, story.fairlead.url);
  await subscribe(story, client);
  story.one.kill();
  await until(() => story.two.began.includes("said"), "the other one has it");
  assert.deepEqual([client.types, client.closes], [["connection_ack", "next"], []]);
});

test("graphql-ws: a login that its server has not answered when it is lost is answered by the next one", async (t) => {
  const asked: string[] = [];
  const never = (): Promise<boolean> => {
    asked.push("one");
    return new Promise(() => {});
  };
  const atOnce = (): boolean => asked.push("two") > 0;
  const { one, fairlead } = await begin(t, { onConnect: never }, { onConnect: atOnce });
  const client = openGraphql(t, fairlead.url);
  await until(() => asked.length === 1, "it has said connection_init");
  one.kill();
  assert.equal(await client.ask("{ who }"), "two");
  assert.deepEqual([asked, client.types.slice(0, 2), client.closes], [["one", "two"], ["connection_ack", "next"], []]);
});

test("graphql-ws: a login that the other server refuses ends the connection with the server's own code", async (t) => {
  const story = await begin(t, {}, { onConnect: () => false });
  const client = openGraphql(t, story.fairlead.url);
  await subscribe(story, client);
  story.one.kill();
  await until(() => client.closes.length === 1, "the client is told");
  assert.deepEqual(client.closes, [4403]);
});

test("graphql-ws: a subscription behind the messages that are sent again falls silent, and nobody is told", async (t) => {
  const story = await begin(t);
  const { one, two, fairlead } = story;
  const client = openGraphql(t, fairlead.url);
  await subscribe(story, client);
  client.begin("subscription { heard }");
  await until(() => one.began.includes("heard"), "both are there");
  one.kill();
  await until(() => two.began.includes("said"), "the other one has it");
  two.say("still here");
  assert.equal(await client.ask("{ who }"), "two");
  await until(() => client.heard.length === 2, "it is heard");
  assert.deepEqual(client.heard, ["said hello", "said still here"]);
  assert.deepEqual([two.began, client.closes], [["said", "who"], []]);
});

test("graphql-ws: a first subscription that is over is begun again for nobody, and the one that came after it falls silent", async (t) => {
  const story = await begin(t);
  const { one, two, fairlead } = story;
  const client = openGraphql(t, fairlead.url);
  const end = await subscribe(story, client);
  end();
  await until(() => one.bus.listenerCount("said") === 0, "the first one is over");
  client.begin("subscription { heard }");
  await until(() => one.began.includes("heard"), "the second one is there");
  one.kill();
  await until(() => two.began.length === 1, "the other one has it");
  assert.deepEqual(two.began, ["said"]);
  const before = client.types.length;
  two.say("still here");
  await until(() => client.types.length > before, "the client gets it");
  assert.deepEqual([client.heard, client.closes], [["said hello"], []]);
});

test("graphql-ws: a client that uses an id again meets the subscription that was begun again, and gets 4409", async (t) => {
  const story = await begin(t);
  const { one, two, fairlead } = story;
  const client = openGraphql(t, fairlead.url, { generateID: () => "1" });
  const end = await subscribe(story, client);
  end();
  await until(() => one.bus.listenerCount("said") === 0, "it is over");
  one.kill();
  await until(() => two.began.includes("said"), "it is begun again");
  client.begin(SAID);
  await until(() => client.closes.length === 1, "the client is told");
  assert.deepEqual(client.closes, [4409]);
});

test("graphql-ws: a mutation among the first two messages is executed again by the other server", async (t) => {
  const { one, two, fairlead } = await begin(t);
  const client = openGraphql(t, fairlead.url);
  assert.equal(await client.ask("mutation { say }"), "one");
  one.kill();
  await until(() => two.began.length === 1, "the other one has it");
  assert.deepEqual([one.began, two.began], [["say"], ["say"]]);
  assert.equal(await client.ask("{ who }"), "two");
});

test("graphql-ws: pings of the client's count among its first messages", async (t) => {
  const { one, two, fairlead } = await begin(t);
  const client = openGraphql(t, fairlead.url, { keepAlive: 20 });
  await until(() => client.types.includes("pong"), "it has pinged before it subscribes");
  client.begin(SAID);
  await until(() => one.began.includes("said"), "it is subscribed");
  one.kill();
  await until(() => two.sockets.size === 1, "the other one has it");
  assert.equal(await client.ask("{ who }"), "two");
  assert.deepEqual(two.began, ["who"]);
});

for (const [what, go] of Object.entries(GOINGS)) {
  test(`graphql-ws: a query that is under way when its server is ${what} is never answered`, async (t) => {
    let finish = (): void => {};
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const story = await begin(t, { slow: () => finished });
    const { one, two, fairlead } = story;
    const client = openGraphql(t, fairlead.url);
    await subscribe(story, client);
    client.begin("{ slow }");
    await until(() => one.began.includes("slow"), "it is under way");
    await go(t, story);
    await until(() => two.sockets.size === 1 && one.sockets.size === 0, "the other one has it");
    finish();
    assert.equal(await client.ask("{ who }"), "two");
    assert.deepEqual([client.heard, client.closes], [["said hello"], []]);
  });
}

for (const [what, go] of Object.entries(GOINGS)) {
  test(`graphql-ws: what others say between a server that is ${what} and the next one is not caught up`, async (t) => {
    const bus = new EventEmitter();
    let open = (): void => {};
    const opened = new Promise<void>((resolve) => (open = resolve));
    const story = await begin(t, { bus }, { bus, opening: () => opened });
    const client = openGraphql(t, story.fairlead.url);
    await subscribe(story, client);
    await go(t, story);
    await until(() => story.two.handshakes.length === 1, "the other one is asked");
    story.one.say("in between");
    open();
    await until(() => story.two.began.includes("said"), "the other one has it");
    story.two.say("still here");
    await until(() => client.heard.includes("said still here"), "it is heard");
    assert.deepEqual(client.heard, ["said hello", "said still here"]);
  });
}
