/** Each example of a balancing method keeps what its comments promise. */
import assert from "node:assert/strict";
import test from "node:test";

import { startEchoes } from "../kit/backends.ts";
import { openWs, whose } from "../kit/clients.ts";
import { startLaden } from "../kit/laden.ts";
import { until } from "../kit/until.ts";
import { backendVariables, leave, met, metInTurn, startExample, tally } from "./start.ts";

test("round-robin.yaml: one backend after the other", async (t) => {
  const backends = await startEchoes(t, 3);
  const example = await startExample(t, "balancing/round-robin.yaml", backendVariables(backends));
  const names = await metInTurn(t, example, 9);
  assert.deepEqual(names.slice(0, 3), names.slice(3, 6));
  assert.deepEqual(names.slice(0, 3), names.slice(6, 9));
  assert.equal(new Set(names).size, 3);
});

test("weighted-round-robin.yaml: three to one in every four, never in bursts of more than three", async (t) => {
  const backends = await startEchoes(t, 2);
  const example = await startExample(t, "balancing/weighted-round-robin.yaml", backendVariables(backends));
  const names = await metInTurn(t, example, 12);
  for (let from = 0; from < names.length; from += 4) {
    assert.deepEqual(tally(names.slice(from, from + 4)), { one: 3, two: 1 }, names.join(" "));
  }
});

test("least-connections.yaml: what is free is filled first, by weight", async (t) => {
  const backends = await startEchoes(t, 2);
  const example = await startExample(t, "balancing/least-connections.yaml", backendVariables(backends));
  const clients = [];
  for (let turn = 0; turn < 8; turn += 1) clients.push(await openWs(t, example.url));
  const names = await Promise.all(clients.map(whose));
  assert.deepEqual(tally(names), { one: 6, two: 2 });
  for (const [turn, client] of clients.entries()) if (names[turn] === "two") await leave(example, client);
  assert.deepEqual(await metInTurn(t, example, 2), ["two", "two"]);
});

test("random.yaml: about three of four go to the heavier one", async (t) => {
  const backends = await startEchoes(t, 2);
  const example = await startExample(t, "balancing/random.yaml", backendVariables(backends));
  const { one = 0, two = 0 } = tally(await metInTurn(t, example, 200));
  assert.equal(one + two, 200);
  // Six standard deviations on either side of 150.
  assert.ok(one > 113 && one < 187, `${one} of 200`);
});

test("two-choices.yaml: sockets that stay are spread closely", async (t) => {
  const backends = await startEchoes(t, 3);
  const example = await startExample(t, "balancing/two-choices.yaml", backendVariables(backends));
  const counts = Object.values(tally(await metInTurn(t, example, 90)));
  assert.equal(counts.length, 3);
  assert.ok(Math.max(...counts) - Math.min(...counts) <= 8, counts.join("/"));
});

test("least-load.yaml: a socket that is busy keeps others away from its backend", async (t) => {
  const backends = await startEchoes(t, 2);
  const example = await startExample(t, "balancing/least-load.yaml", backendVariables(backends));
  const busy = await openWs(t, example.url);
  const home = await whose(busy);
  busy.socket.on("message", () => busy.socket.send("and again"));
  busy.socket.send("and again");
  // Each of these is taken for as busy as the mean until it is known to be quiet.
  await metInTurn(t, example, 12);
  await until(async () => {
    const others = await Promise.all(Array.from({ length: 4 }, () => openWs(t, example.url)));
    const names = await Promise.all(others.map(whose));
    for (const other of others) await leave(example, other);
    return !names.includes(home);
  }, "nobody else goes to the busy backend");
});

test("fastest.yaml: a backend that takes its time for handshakes is left alone", async (t) => {
  const [backend] = await startEchoes(t, 1);
  assert.ok(backend);
  const slow = await startLaden(t, { delay: 60 });
  const example = await startExample(t, "balancing/fastest.yaml", backendVariables([backend, slow]));
  await until(async () => {
    await leave(example, await openWs(t, example.url));
    return slow.handshakes() > 0;
  }, "the slow one was tried");
  await until(async () => {
    const before = slow.handshakes();
    for (let turn = 0; turn < 8; turn += 1) await leave(example, await openWs(t, example.url));
    return slow.handshakes() === before;
  }, "eight in turn go to the other one");
});

test("hash.yaml: a room's sockets meet, and a room that is too full overflows to one other backend", async (t) => {
  const backends = await startEchoes(t, 3);
  const example = await startExample(t, "balancing/hash.yaml", backendVariables(backends));
  const home = await met(t, example, { path: "/rooms/7" });
  const rooms = Array.from({ length: 30 }, (_, room) => room);
  const names = [];
  for (const room of rooms) names.push(await met(t, example, { path: `/rooms/${room}` }));
  const counts = Object.values(tally([home, ...names]));
  const share = (rooms.length + 1) / 3;
  assert.ok(
    Math.max(...counts) <= Math.ceil(1.25 * share),
    `no backend holds more than its bound: ${counts.join("/")}`,
  );
  const crowd = tally(await metInTurn(t, example, 30, () => ({ path: "/rooms/7/voice" })));
  assert.ok(Object.keys(crowd).length > 1, "a crowd of one room is more than its backend may hold");
});

test("hash.yaml: as long as there is room, paths that agree in two segments meet", async (t) => {
  const backends = await startEchoes(t, 3);
  const example = await startExample(t, "balancing/hash.yaml", backendVariables(backends));
  for (let room = 0; room < 12; room += 1) {
    const client = await openWs(t, `${example.url}/rooms/${room}`);
    const home = await whose(client);
    await leave(example, client);
    const again = await openWs(t, `${example.url}/rooms/${room}/voice?x=1`);
    assert.equal(await whose(again), home);
    await leave(example, again);
  }
});
