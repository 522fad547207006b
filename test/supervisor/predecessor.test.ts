/** What a new process hears of the old one, and tells it. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import test from "node:test";

import { FairleadError } from "../../src/base/index.ts";
import type { KnownBackend } from "../../src/supervisor/known.ts";
import { News } from "../../src/supervisor/news.ts";
import { Predecessor } from "../../src/supervisor/predecessor.ts";
import type { Channel } from "../../src/supervisor/predecessor.ts";
import type { BackendLoad } from "../../src/supervisor/succession.ts";
import { until } from "../kit/until.ts";

const scene = () => {
  const sent: unknown[] = [];
  const heard: unknown[] = [];
  const events = new EventEmitter();
  const channel: Channel & EventEmitter & { connected: boolean } = Object.assign(events, {
    connected: true,
    send: (message: unknown) => void sent.push(message),
    disconnect() {
      channel.connected = false;
      events.emit("disconnect");
    },
  });
  const board = {
    set: (changes: readonly BackendLoad[]) => void heard.push(changes),
    inherit: (known: readonly KnownBackend[]) => void (known.length > 0 && heard.push({ inherited: known })),
    follow: (known: readonly KnownBackend[]) => void heard.push({ followed: known }),
    clear: () => void heard.push("clear"),
  };
  return { channel, sent, heard, board, predecessor: new Predecessor(channel) };
};

const LEGACY = { secret: "a", ticketKeys: "b" };

test("loads that came before somebody asked are told at once, later ones as they come, and the end clears them", async () => {
  const { channel, heard, board, predecessor } = scene();
  channel.emit("message", { type: "legacy", legacy: LEGACY });
  channel.emit("message", { type: "loads", changes: [["chat", "ws://a", 3]] });
  assert.deepEqual(await predecessor.legacy, LEGACY);
  predecessor.follow(board);
  channel.emit("message", { type: "loads", changes: [["chat", "ws://a", 2]] });
  channel.disconnect();
  assert.deepEqual(heard, [[["chat", "ws://a", 3]], [["chat", "ws://a", 2]], "clear"]);
});

test("what it knows is gathered until somebody asks, the latest of each backend; what is of another form is left out", () => {
  const { channel, heard, board, predecessor } = scene();
  const standing = { state: "draining", since: 5 } as const;
  const known = [
    ["chat", "ws://a", { warmingSince: 1, standing }],
    ["chat", "ws://b", { warmingSince: 2 }],
    ["chat", "ws://c", { warmingSince: "soon", standing, health: { status: "tired" }, more: true }],
    ["chat"],
  ];
  channel.emit("message", { type: "legacy", legacy: LEGACY, known });
  channel.emit("message", { type: "loads", changes: [], known: [["chat", "ws://b", { warmingSince: 3 }]] });
  const gathered = [
    ["chat", "ws://a", { warmingSince: 1, standing }],
    ["chat", "ws://b", { warmingSince: 3 }],
    ["chat", "ws://c", { warmingSince: undefined, standing, health: undefined }],
  ];
  assert.deepEqual(predecessor.known, gathered);
  predecessor.follow(board);
  const later = [["chat", "ws://a", { warmingSince: 9 }]];
  channel.emit("message", { type: "loads", changes: [], known: later });
  assert.deepEqual(heard, [{ inherited: gathered }, { followed: later }]);
});

test("one of a version that tells nothing of what it knows is followed all the same", () => {
  const { channel, heard, board, predecessor } = scene();
  channel.emit("message", { type: "legacy", legacy: LEGACY });
  predecessor.follow(board);
  channel.emit("message", { type: "loads", changes: [["chat", "ws://a", 3]] });
  assert.deepEqual([predecessor.known, heard], [[], [[["chat", "ws://a", 3]]]]);
});

test("one that ends before it has handed over anything is an error, and what was heard of it is cleared", async () => {
  const { channel, heard, board, predecessor } = scene();
  channel.disconnect();
  await assert.rejects(predecessor.legacy, { code: "UPGRADE_FAILED" });
  predecessor.follow(board);
  assert.deepEqual(heard, ["clear"]);
});

test("it is told that this process serves, or why it does not; after its end nothing is told any more", () => {
  const { sent, predecessor } = scene();
  predecessor.ready();
  predecessor.failed(new FairleadError("LISTEN_FAILED", "the address is in use"));
  predecessor.failed(new Error("again"));
  assert.deepEqual(sent, [
    { type: "ready" },
    { type: "failed", code: "LISTEN_FAILED", message: "the address is in use" },
  ]);
});

test("only loads that have changed are told, also when they become none", async (t) => {
  const told: unknown[] = [];
  let loads: BackendLoad[] = [
    ["chat", "ws://a", 1],
    ["chat", "ws://b", 0],
  ];
  let looks = 0;
  const look = (): Promise<BackendLoad[]> => {
    looks += 1;
    return Promise.resolve(loads);
  };
  const news = new News<BackendLoad>({ look, tell: (changes) => void told.push(changes), interval: 1, nothing: 0 });
  t.after(() => news.stop());
  const kept = setInterval(() => {}, 1_000);
  t.after(() => clearInterval(kept));
  void news.follow();
  await until(() => looks > 2, "it has looked several times");
  loads = [
    ["chat", "ws://a", 0],
    ["chat", "ws://b", 0],
  ];
  await until(() => told.length === 2, "the change is told");
  assert.deepEqual(told, [[["chat", "ws://a", 1]], [["chat", "ws://a", 0]]]);
});
