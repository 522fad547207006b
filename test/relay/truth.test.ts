/**
 * The truth table, cell by cell: every cause in every phase of a tunnel, between two legs whose every byte is known.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CLOSE_REASON, TRUTH } from "../../src/relay/index.ts";
import type { EndCause, Initiator, Truth } from "../../src/relay/index.ts";
import { OPCODE } from "../kit/frames.ts";
import { closesIn, openWorld, textsIn } from "./world.ts";
import type { FakeLeg, World } from "./world.ts";

/** Code that a leg gets when the other one has said 3000, or answers with 3001. */
type Told = number | "passed on" | "nothing";

interface Row {
  readonly by: Initiator;
  readonly first: "client" | "backend";
  readonly client: Told;
  readonly backend: Told;
  /** The leg that breaks off, is broken off, or is told and then heard no more. */
  readonly lost?: "client" | "backend";
  readonly health: Truth["health"];
  /** Brings the end about. */
  readonly happens: (world: World) => void;
}

/** A frame that is one byte more than a message may have, whether it starts a message or goes on with one. */
const sendLarge = (leg: FakeLeg, { tracker }: { tracker: { inMessage: boolean } }): void =>
  leg.send({ opcode: tracker.inMessage ? OPCODE.continuation : OPCODE.binary, payload: Buffer.alloc(1_001) });
const BROKEN = { opcode: 5, payload: "?" };
const ours = (cause: EndCause) => (world: World) => world.tunnel.end(cause);

/** The table once more, as it is promised: a cause without a row here does not compile. */
const ROWS: Readonly<Record<EndCause, Row>> = {
  "client-close": {
    by: "client",
    first: "backend",
    client: "passed on",
    backend: "passed on",
    health: "success",
    happens: ({ client }) => client.sendClose(3000, "bye"),
  },
  "backend-close": {
    by: "backend",
    first: "client",
    client: "passed on",
    backend: "passed on",
    health: "success",
    happens: ({ backend }) => backend.sendClose(3000, "bye"),
  },
  "client-vanished": {
    by: "client",
    first: "backend",
    client: "nothing",
    backend: 1001,
    lost: "client",
    health: "none",
    happens: ({ client }) => client.reset(),
  },
  "backend-vanished": {
    by: "backend",
    first: "client",
    client: 1012,
    backend: "nothing",
    lost: "backend",
    health: "unexpected-close",
    happens: ({ backend }) => backend.reset(),
  },
  "client-protocol-error": {
    by: "client",
    first: "backend",
    client: 1002,
    backend: 1001,
    lost: "client",
    health: "none",
    happens: ({ client }) => client.send(BROKEN),
  },
  "backend-protocol-error": {
    by: "backend",
    first: "client",
    client: 1012,
    backend: 1002,
    lost: "backend",
    health: "protocol-error",
    happens: ({ backend }) => backend.send(BROKEN),
  },
  "client-silent": {
    by: "client",
    first: "backend",
    client: 1001,
    backend: 1001,
    lost: "client",
    health: "none",
    happens: ours("client-silent"),
  },
  "backend-silent": {
    by: "backend",
    first: "client",
    client: 1012,
    backend: 1001,
    lost: "backend",
    health: "heartbeat-timeout",
    happens: ours("backend-silent"),
  },
  "client-stalled": {
    by: "client",
    first: "backend",
    client: "nothing",
    backend: 1001,
    lost: "client",
    health: "none",
    happens: ours("client-stalled"),
  },
  "backend-stalled": {
    by: "backend",
    first: "client",
    client: 1012,
    backend: "nothing",
    lost: "backend",
    health: "heartbeat-timeout",
    happens: ours("backend-stalled"),
  },
  "client-message-too-large": {
    by: "fairlead",
    first: "backend",
    client: 1009,
    backend: 1001,
    lost: "client",
    health: "none",
    happens: ({ client, tunnel }) => sendLarge(client, tunnel.client),
  },
  "backend-message-too-large": {
    by: "fairlead",
    first: "client",
    client: 1001,
    backend: 1009,
    lost: "backend",
    health: "none",
    happens: ({ backend, tunnel }) => sendLarge(backend, tunnel.backend),
  },
  idle: { by: "fairlead", first: "backend", client: 1001, backend: 1001, health: "none", happens: ours("idle") },
  lifetime: {
    by: "fairlead",
    first: "backend",
    client: 1001,
    backend: 1001,
    health: "none",
    happens: ours("lifetime"),
  },
  drain: { by: "fairlead", first: "backend", client: 1012, backend: 1001, health: "none", happens: ours("drain") },
  rebalance: {
    by: "fairlead",
    first: "backend",
    client: 1012,
    backend: 1001,
    health: "none",
    happens: ours("rebalance"),
  },
  operator: {
    by: "fairlead",
    first: "backend",
    client: 1012,
    backend: 1001,
    health: "none",
    happens: ours("operator"),
  },
  shutdown: {
    by: "fairlead",
    first: "backend",
    client: 1012,
    backend: 1001,
    health: "none",
    happens: ours("shutdown"),
  },
};

const CAUSES = Object.keys(ROWS) as readonly EndCause[]; // the keys are the type's, as the compiler has seen

/** Causes that are frames of a leg: they come at a boundary of its stream, whatever the phase. */
const SAID_BY: Partial<Record<EndCause, "client" | "backend">> = {
  "client-close": "client",
  "backend-close": "backend",
  "client-protocol-error": "client",
  "backend-protocol-error": "backend",
  "client-message-too-large": "client",
  "backend-message-too-large": "backend",
};

const other = (name: "client" | "backend") => (name === "client" ? "backend" : "client");
const TEN = { opcode: OPCODE.binary, payload: Buffer.alloc(10) };

/** Where the two streams stand when the end comes. */
const PHASES: Readonly<Record<string, (world: World) => void>> = {
  "before any frame": () => {},
  "behind messages": (world) => {
    for (const leg of [world.client, world.backend]) leg.send(TEN, { opcode: OPCODE.ping, payload: "hm" });
  },
  "inside messages, between frames": (world) => {
    for (const leg of [world.client, world.backend]) leg.send({ ...TEN, opcode: OPCODE.text, fin: false });
  },
  "inside a frame to the backend": ({ client }) => client.begin(TEN),
  "inside a frame to the client": ({ backend }) => backend.begin(TEN),
  "inside frames both ways": ({ client, backend }) => {
    client.begin(TEN);
    backend.begin(TEN);
  },
};

const enter = (phase: string, cause: EndCause, options = {}): World => {
  const world = openWorld(options);
  PHASES[phase]?.(world);
  const said = SAID_BY[cause];
  if (said !== undefined) world[said].complete();
  for (const leg of [world.client, world.backend]) leg.frames();
  ROWS[cause].happens(world);
  for (const leg of [world.client, world.backend]) leg.settle();
  assert.equal(world.tunnel.cause, cause);
  return world;
};

/** What must be left of a tunnel that is over. */
const checkOver = (world: World): void => {
  assert.equal(world.over(), 1, "the end is told once");
  assert.equal(world.wheel.size, 0, "nothing waits in the wheel");
  assert.ok(world.client.closed && world.backend.closed);
  world.pass(60_000);
  assert.equal(world.over(), 1);
};

const codeOf = (told: Told, passedOn: number): number[] => {
  if (told === "nothing") return [];
  return [told === "passed on" ? passedOn : told];
};

/** The innocent leg is told, says one more thing, and answers. What it gets is what `row` says. */
const playFirst = (world: World, row: Row): boolean => {
  const [first, second] = [world[row.first], world[other(row.first)]];
  const isLost = row.lost === second.name;
  if (second.insideFrame) {
    assert.deepEqual(closesIn(first.frames()), [], "no Close inside a frame");
    if (second.closed) {
      assert.ok(first.ended, "a frame that will never end is ended by the connection");
      first.complete();
      first.fin();
      return false;
    }
    second.complete();
  }
  assert.deepEqual(closesIn(first.frames()), codeOf(row[first.name], 3000));
  assert.deepEqual(closesIn(second.frames()), [], "the other leg's turn comes later");
  first.complete();
  if (world.tunnel[first.name].tracker.inMessage) first.send({ opcode: OPCODE.continuation });
  first.send({ opcode: OPCODE.text, payload: "one more thing" });
  if (!second.closed) assert.deepEqual(textsIn(second.frames()), ["one more thing"]);
  first.sendClose(3001, "so be it");
  return !isLost;
};

for (const cause of CAUSES) {
  const row = ROWS[cause];

  test(`${cause} is by the ${row.by}, and counts as ${row.health} for the backend`, () => {
    assert.deepEqual([TRUTH[cause].by, TRUTH[cause].health, TRUTH[cause].first], [row.by, row.health, row.first]);
    assert.doesNotMatch(CLOSE_REASON[cause], /[:/]|\d/);
    assert.ok(CLOSE_REASON[cause].length <= 40);
  });

  for (const phase of Object.keys(PHASES)) {
    test(`${cause} ${phase}: each leg is told its code, the innocent one first`, () => {
      const world = enter(phase, cause);
      const second = world[other(row.first)];
      const cutOff = world.client.closed || world.backend.closed;
      const answers = playFirst(world, row);
      if (!second.closed) assert.deepEqual(closesIn(second.frames()), codeOf(row[second.name], 3001));
      if (answers && world.tunnel[second.name].closeHeard === undefined) second.sendClose(3002);
      assert.ok(world.client.ended || world.client.closed, "the client's connection is ended by us");
      if (!cutOff) assert.equal(world.client.unfinished, 0);
      world.backend.fin();
      world.client.fin();
      checkOver(world);
    });

    test(`${cause} ${phase}: deadlines end it when nobody answers`, () => {
      const world = enter(phase, cause);
      world.pass(10_000 + 2 * 5_000 + 1_000 + 5_000 + 1_000);
      for (const name of ["client", "backend"] as const) {
        assert.ok(closesIn(world[name].frames()).length <= 1, "one Close at most");
        const boundary = world[name].unfinished === 0;
        if (!boundary) assert.equal(world.tunnel.report()[name].closeSaid, undefined, "no Close inside a frame");
      }
      checkOver(world);
    });
  }
}

for (const began of ["client", "backend"] as const) {
  for (const cause of CAUSES) {
    test(`${cause} while a close by the ${began} is under way changes no code and is over once`, () => {
      const world = openWorld();
      const answering = world[other(began)];
      world[began].sendClose(3000, "bye");
      ROWS[cause].happens(world);
      for (const leg of [world.client, world.backend]) leg.settle();
      assert.equal(world.tunnel.cause, `${began}-close`);
      assert.deepEqual(closesIn(answering.frames()), [3000]);
      answering.sendClose(3001);
      const answer = closesIn(world[began].frames());
      assert.ok(answer.length <= 1, "one Close at most");
      if (answer.length === 1) assert.ok([3000, 3001].includes(answer[0] ?? 0), "its own or the other leg's");
      world.pass(20_000);
      assert.deepEqual([...closesIn(answering.frames()), ...closesIn(world[began].frames())], []);
      checkOver(world);
    });
  }
}

test("the table has a row for every cause, and this file one for every row", () => {
  assert.deepEqual(CAUSES.toSorted(), Object.keys(TRUTH).toSorted());
});
