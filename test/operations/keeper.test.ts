import assert from "node:assert/strict";
import { test } from "node:test";

import { silentLogger } from "../../src/base/index.ts";
import type { FairleadError } from "../../src/base/index.ts";
import { addBackend, changeBackend, parseConfig } from "../../src/config/index.ts";
import type { Config, ConfigInput, LoadedConfig } from "../../src/config/index.ts";
import { EventLog } from "../../src/operations/event-log.ts";
import { Keeper } from "../../src/operations/keeper.ts";
import { Moves } from "../../src/operations/moves.ts";
import type { OperatedInstance } from "../../src/operations/world.ts";
import { A, B, C, simulate } from "./world.ts";

const configOf = (pool: object, rest: ConfigInput = {}): Config =>
  parseConfig({ listen: "127.0.0.1:0", admin: "off", pools: { chat: pool as { backends: [string] } }, ...rest }).config;

const isCode =
  (code: string) =>
  (error: unknown): boolean =>
    (error as FairleadError).code === code;

/** A keeper over an instance that only notes what it is told. */
const keep = (first: Config) => {
  const world = simulate(first);
  const events = new EventLog(world.clock);
  const seen: Config[] = [];
  let config = first;
  let next: (() => LoadedConfig) | undefined;
  let before = (): Promise<void> => Promise.resolve();
  const instance: OperatedInstance = {
    get config() {
      return config;
    },
    ready: () => true,
    status: () => Promise.reject(new Error("nobody asks")),
    async reconfigure(wanted) {
      await before();
      config = wanted;
      seen.push(wanted);
    },
    ask: () => Promise.resolve([]),
    isHealthy: () => true,
    shed: () => {},
  };
  world.config = () => config;
  const moves = new Moves(world);
  const load = (): LoadedConfig => {
    if (next === undefined) throw new Error("there is no file");
    return next();
  };
  const nothing = {
    file: config,
    changes: [],
    history: () => [],
    metrics: () => Promise.reject(new Error("nobody asks")),
  };
  const keeper = new Keeper(instance, { ...world, ...nothing, logger: silentLogger, load }, moves, events);
  return {
    world,
    events,
    seen,
    moves,
    keeper,
    instance,
    write: (file: Config) => void (next = () => ({ config: file, warnings: ["a warning"], file: "fairlead.yaml" })),
    hold: (until: () => Promise<void>) => void (before = until),
  };
};

const weightOf = (config: Config, backend: string): number | undefined =>
  config.pools["chat"]?.backends.find(({ name }) => name === backend)?.weight;

test("a reload puts the file in force and tells what has changed", async () => {
  const { keeper, write, seen, events } = keep(configOf({ backends: [A, B] }));
  write(configOf({ backends: [A, { url: B, weight: 2 }] }));
  const report = await keeper.reload();
  assert.deepEqual([report.outcome, report.revision, report.file], ["reloaded", 2, "fairlead.yaml"]);
  assert.deepEqual([report.overruled, report.needsRestart, report.warnings], [[], [], ["a warning"]]);
  assert.equal(report.changes.length, 1);
  assert.equal(seen.length, 1);
  assert.deepEqual(
    events.recent().map(({ type }) => type),
    ["backend-changed", "reloaded"],
  );
});

test("a file that says the same is not put in force, and the revision stays", async () => {
  const { keeper, write, seen } = keep(configOf({ backends: [A, B] }));
  write(configOf({ backends: [{ url: A, weight: 1 }, B] }));
  const { outcome, revision, changes } = await keeper.reload();
  assert.deepEqual([outcome, revision, changes, seen], ["unchanged", 1, [], []]);
});

test("a reload that fails, wherever it does, changes nothing, is told, and the next one works", async () => {
  const kept = keep(configOf({ backends: [A, B] }));
  await assert.rejects(kept.keeper.reload(), /there is no file/);
  kept.write(configOf({ backends: [A] }));
  kept.hold(() => Promise.reject(new Error("an address is taken")));
  await assert.rejects(kept.keeper.reload(), /an address is taken/);
  assert.equal(kept.instance.config.pools["chat"]?.backends.length, 2);
  assert.deepEqual(
    kept.events.recent().map(({ type }) => type),
    ["reload-failed", "reload-failed"],
  );
  assert.deepEqual(kept.moves.list(), [], "nobody is drained for what did not happen");
  kept.hold(() => Promise.resolve());
  kept.write(configOf({ backends: [A] }));
  assert.deepEqual([(await kept.keeper.reload()).revision, kept.moves.list().length], [2, 1]);
});

test("swaps that are asked for at once are done one after the other, also after one that fails", async () => {
  const { keeper, write, hold, seen } = keep(configOf({ backends: [A, B] }));
  let running = 0;
  hold(async () => {
    running += 1;
    assert.equal(running, 1);
    await new Promise(setImmediate);
    running -= 1;
  });
  write(configOf({ backends: [A, { url: B, weight: 2 }] }));
  const results = await Promise.allSettled([
    keeper.alter((changes, file) => changeBackend(changes, file, "chat", A, { weight: 5 })),
    keeper.alter((changes, file) => addBackend(changes, file, "chat", { url: A })),
    keeper.reload(),
    keeper.alter((changes, file) => addBackend(changes, file, "chat", { url: C })),
  ]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled", "fulfilled"],
  );
  const last = seen.at(-1);
  assert.ok(last && seen.length === 3);
  assert.deepEqual(
    [A, B, C].map((name) => weightOf(last, name)),
    [5, 2, 1],
  );
});

test("a change at run time survives reloads until the file says something else of the same thing", async () => {
  const { keeper, write, instance } = keep(configOf({ backends: [A, B] }));
  await keeper.alter((changes, file) => changeBackend(changes, file, "chat", A, { weight: 5 }));
  write(configOf({ backends: [A, B, C] }));
  assert.deepEqual((await keeper.reload()).overruled, []);
  assert.equal(weightOf(instance.config, A), 5);
  write(configOf({ backends: [{ url: A, weight: 3 }, B, C] }));
  const { overruled } = await keeper.reload();
  assert.equal(overruled.length, 1);
  assert.equal(weightOf(instance.config, A), 3);
  assert.deepEqual((await keeper.reload()).overruled, [], "it is told once");
});

test("what a reload that failed would have overruled is not lost", async () => {
  const { keeper, write, hold, instance } = keep(configOf({ backends: [A, B] }));
  await keeper.alter((changes, file) => changeBackend(changes, file, "chat", A, { weight: 5 }));
  write(configOf({ backends: [{ url: A, weight: 3 }, B] }));
  hold(() => Promise.reject(new Error("not now")));
  await assert.rejects(keeper.reload(), /not now/);
  hold(() => Promise.resolve());
  write(configOf({ backends: [A, B] }, { drain: "3s" }));
  assert.deepEqual((await keeper.reload()).overruled, []);
  assert.equal(weightOf(instance.config, A), 5);
});

test("what needs a restart is named at every reload, and stays as it runs", async () => {
  const { keeper, write, instance } = keep(configOf({ backends: [A, B] }, { workers: 1 }));
  write(configOf({ backends: [A, B] }, { workers: 3, drain: "3s" }));
  const first = await keeper.reload();
  assert.deepEqual([first.outcome, first.changes.length, first.needsRestart.length], ["reloaded", 1, 1]);
  assert.equal(instance.config.workers, 1);
  const second = await keeper.reload();
  assert.deepEqual([second.outcome, second.needsRestart], ["unchanged", first.needsRestart]);
});

test("backends that go, or are to drain, are drained as their pool says; one that is active again is not", async () => {
  const pool = { backends: [A, B, C], drain: { rate: 7 } };
  const { keeper, write, moves, world } = keep(configOf(pool));
  for (const backend of [A, B]) world.put(1, backend, 50);
  write(configOf({ ...pool, backends: [{ url: A, state: "draining" }, C] }));
  await keeper.reload();
  assert.deepEqual(
    moves.list().map(({ backend, by, rate, state }) => [backend, by, rate, state]),
    [
      [A, "configuration", 7, "running"],
      [B, "configuration", 7, "running"],
    ],
  );
  write(configOf(pool));
  await keeper.reload();
  assert.deepEqual(
    moves.list().map(({ state }) => state),
    ["cancelled", "cancelled"],
  );
});

test("without a file there is nothing to read; a program gives another configuration", async () => {
  const first = configOf({ backends: [A, B] });
  const { instance, moves, events, world } = keep(first);
  const nothing = {
    file: first,
    changes: [],
    history: () => [],
    metrics: () => Promise.reject(new Error("nobody asks")),
  };
  const keeper = new Keeper(instance, { ...world, ...nothing, logger: silentLogger, load: undefined }, moves, events);
  await assert.rejects(keeper.reload(), isCode("CONFLICT"));
  const config = configOf({ backends: [A, C] });
  const report = await keeper.reload(() => ({ config, warnings: [], file: undefined }));
  assert.deepEqual([report.outcome, report.file], ["reloaded", null]);
});
