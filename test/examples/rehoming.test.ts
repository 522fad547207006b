/** Browsers chat while the servers of their chats are killed, stopped and drained, and none of them sees a close. */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";

import { needChromium } from "../kit/browser.ts";
import {
  type Chat,
  type ChatServer,
  hear,
  linesOf,
  needRedis,
  openTabs,
  startChat,
  type Tab,
  talk,
  utter,
} from "./chats.ts";

const NAMES = ["ann", "bob", "cleo"];

/** What all have said when each of them has said each of these. */
const allOf = (texts: readonly string[], names: readonly string[] = NAMES): string[] =>
  texts.flatMap((text) => names.map((name) => `${name}: ${text}`));

/** No tab has lost its socket or opened another one, and fairlead has ended no tunnel. */
const assertUnbroken = async ({ fairlead }: Chat, tabs: readonly Tab[]): Promise<void> => {
  for (const { name, sockets } of tabs) assert.deepEqual([sockets.opened, sockets.closed], [1, 0], name);
  const { tunnels } = await fairlead.status();
  assert.equal(tunnels, tabs.length);
};

/** Sends a server SIGTERM and waits for its end. */
const stop = async (server: ChatServer): Promise<void> => {
  server.child.kill("SIGTERM");
  assert.equal(await server.exit(), 0);
};

const hasTools = (t: TestContext): boolean => needChromium(t) && needRedis(t);

for (const name of ["chat", "graphql"]) {
  test(`rehoming/${name}.yaml: servers are killed, stopped and drained, and three browsers chat on`, async (t) => {
    if (!hasTools(t)) return;
    const chat = await startChat(t, name);
    const tabs = await openTabs(
      t,
      chat,
      NAMES.map((one) => ({ name: one })),
    );
    await talk(tabs, "hello");
    await chat.one.kill();
    await chat.has(chat.two, tabs.length);
    await talk(tabs, "one was killed");
    const three = await chat.restart(chat.one);
    await stop(chat.two);
    await chat.has(three, tabs.length);
    await talk(tabs, "two was stopped");
    const four = await chat.restart(chat.two);
    await chat.drain(three);
    await chat.has(four, tabs.length);
    await talk(tabs, "one was drained");
    const said = ["hello", "one was killed", "two was stopped", "one was drained"];
    for (const tab of tabs) assert.deepEqual(await linesOf(tab), allOf(said), tab.name);
    await assertUnbroken(chat, tabs);
  });
}

test("rehoming/socket-io.yaml: servers are killed and drained, and browsers chat on in their rooms", async (t) => {
  if (!hasTools(t)) return;
  const chat = await startChat(t, "socket-io");
  const rooms = { ann: "red", bob: "red", cleo: "blue" };
  const tabs = await openTabs(
    t,
    chat,
    Object.entries(rooms).map(([name, room]) => ({ name, room })),
  );
  const [red, blue] = [tabs.slice(0, 2), tabs.slice(2)];
  const talkInRooms = async (text: string): Promise<void> => {
    await talk(red, text);
    await talk(blue, text);
  };
  await talkInRooms("hello");
  await chat.one.kill();
  await chat.has(chat.two, tabs.length);
  await talkInRooms("one was killed");
  const three = await chat.restart(chat.one);
  await chat.drain(chat.two);
  await chat.has(three, tabs.length);
  await talkInRooms("two was drained");
  const said = ["hello", "one was killed", "two was drained"];
  for (const tab of red) assert.deepEqual(await linesOf(tab), allOf(said, ["ann", "bob"]), tab.name);
  for (const tab of blue) assert.deepEqual(await linesOf(tab), allOf(said, ["cleo"]), tab.name);
  await assertUnbroken(chat, tabs);
});

for (const name of ["chat", "graphql", "socket-io"]) {
  test(`rehoming/${name}.yaml: what is said while there is no server is heard once when there is one`, async (t) => {
    if (!hasTools(t)) return;
    const chat = await startChat(t, name);
    const [ann] = await openTabs(t, chat, [{ name: "ann" }]);
    assert.ok(ann);
    await talk([ann], "hello");
    const [home, other] = (await chat.tunnels(chat.one)) === 1 ? [chat.one, chat.two] : [chat.two, chat.one];
    other.freeze();
    await home.kill();
    await utter(ann, "is anybody there?");
    await utter(ann, "nobody?");
    other.thaw();
    await hear([ann], ann, "nobody?");
    await chat.has(other, 1);
    assert.deepEqual(await linesOf(ann), allOf(["hello", "is anybody there?", "nobody?"], ["ann"]));
    await assertUnbroken(chat, [ann]);
  });
}
