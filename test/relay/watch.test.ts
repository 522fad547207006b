/** What is watched over while a tunnel is open: heartbeats, idleness, age, and writers without progress. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TunnelOptions } from "../../src/config/index.ts";
import { frame, OPCODE } from "../kit/frames.ts";
import { openWorld, TICK } from "./world.ts";
import type { FakeLeg, World } from "./world.ts";

const HEARTBEAT = { interval: 30_000, timeout: 10_000 };
const text = (payload: string) => ({ opcode: OPCODE.text, payload });

/** Time of a second tick, by which something that is due has been done. */
const SLACK = 2 * TICK;

const withHeartbeat = (options: Partial<TunnelOptions> = {}): World => openWorld({ heartbeat: HEARTBEAT, ...options });

/** Answers every ping that has come to these legs. */
const answerAll = (...legs: readonly FakeLeg[]): number => {
  let answered = 0;
  for (const leg of legs) {
    for (const { opcode, payload } of leg.frames()) {
      if (opcode !== OPCODE.ping) continue;
      leg.send({ opcode: OPCODE.pong, payload });
      answered += 1;
    }
  }
  return answered;
};

/** Lets time go by while these legs answer their pings. */
const live = (world: World, ms: number, ...legs: readonly FakeLeg[]): number => {
  let answered = 0;
  for (let left = ms; left > 0; left -= 1_000) {
    world.pass(Math.min(1_000, left));
    answered += answerAll(...legs);
  }
  return answered;
};

test("a leg that was silent for the interval gets one ping, and not before", () => {
  const { client, backend, pass } = withHeartbeat();
  pass(HEARTBEAT.interval - TICK);
  assert.deepEqual([client.frames().length, backend.frames().length], [0, 0]);
  pass(SLACK);
  for (const leg of [client, backend]) {
    const pings = leg.frames();
    assert.deepEqual(
      pings.map(({ opcode }) => opcode),
      [OPCODE.ping],
    );
  }
  pass(5_000);
  assert.deepEqual([client.frames().length, backend.frames().length], [0, 0]);
});

test("any bytes of a leg put its ping off, and only its own", () => {
  const world = withHeartbeat();
  const { client, backend, pass } = world;
  pass(20_000);
  client.send(text("hello"));
  backend.frames();
  pass(10_000 + SLACK);
  assert.deepEqual([client.frames().length, backend.frames().length], [0, 1]);
});

test("a pong gives the round-trip time by the exact clock, and keeps the tunnel", () => {
  const world = withHeartbeat();
  const { client, backend, tunnel, pass, moment } = world;
  while (client.output.length === 0) pass(TICK);
  moment(12.5);
  answerAll(client);
  moment(30);
  answerAll(backend);
  assert.deepEqual([tunnel.client.rtt, tunnel.backend.rtt], [12.5, 42.5]);
  assert.deepEqual([tunnel.report().client.rtt, tunnel.report().backend.rtt], [12.5, 42.5]);
  live(world, 600_000, client, backend);
  assert.equal(tunnel.cause, undefined);
});

for (const name of ["client", "backend"] as const) {
  test(`a ${name} without a sign of life for the timeout ends the tunnel`, () => {
    const world = withHeartbeat();
    const alive = world[name === "client" ? "backend" : "client"];
    live(world, 39_000, alive);
    assert.equal(world.tunnel.cause, undefined);
    live(world, 3_000, alive);
    assert.equal(world.tunnel.cause, `${name}-silent`);
  });

  test(`a ${name} that sends data instead of a pong lives, though it does so within the tick of the ping`, () => {
    const world = withHeartbeat();
    const leg = world[name];
    const alive = world[name === "client" ? "backend" : "client"];
    for (let turn = 0; turn < 100; turn += 1) {
      world.pass(1_000);
      answerAll(alive);
      if (leg.frames().some(({ opcode }) => opcode === OPCODE.ping)) leg.send(text("busy"));
    }
    assert.equal(world.tunnel.cause, undefined);
    live(world, 60_000, alive);
    assert.equal(world.tunnel.cause, `${name}-silent`);
  });

  test(`a ${name} that we do not read from is not judged, and gets its time anew when we do`, () => {
    const world = withHeartbeat({ writeTimeout: 10_000_000 });
    const leg = world[name];
    const reader = world[name === "client" ? "backend" : "client"];
    live(world, 30_000 + SLACK, reader);
    reader.stalled = true;
    leg.send(text("more than is read"));
    assert.ok(leg.paused);
    live(world, 300_000, reader);
    assert.equal(world.tunnel.cause, undefined);
    reader.drain();
    live(world, 29_000, reader);
    assert.equal(world.tunnel.cause, undefined);
    live(world, 14_000, reader);
    assert.equal(world.tunnel.cause, `${name}-silent`);
  });
}

test("a ping that is due inside a frame waits for the boundary", () => {
  const world = withHeartbeat();
  const { client, backend } = world;
  backend.begin(text("a long frame"));
  world.pass(36_000);
  assert.deepEqual(client.frames(), []);
  backend.complete();
  world.pass(1_000 + SLACK);
  assert.deepEqual(
    client.frames().map(({ opcode }) => opcode),
    [OPCODE.text, OPCODE.ping],
  );
});

test("a leg with a backlog gets no pings on top", () => {
  const world = withHeartbeat({ writeTimeout: 200_000 });
  const { client, backend } = world;
  client.stalled = true;
  backend.send(text("unread"));
  live(world, 100_000, backend);
  assert.equal(client.frames().length, 1);
});

test("without heartbeats, and on transparent tunnels, nothing is sent and silence is no end", () => {
  for (const options of [{}, { heartbeat: HEARTBEAT, transparent: true }]) {
    const { tunnel, client, backend, pass } = openWorld(options);
    pass(3_600_000);
    assert.equal(tunnel.cause, undefined);
    assert.deepEqual([client.output.length, backend.output.length], [0, 0]);
  }
});

test("a tunnel without data ends after idleTimeout, though pings and pongs of both kinds go on", () => {
  const world = withHeartbeat({ idleTimeout: 300_000, writeTimeout: 2_000 });
  const { client, backend } = world;
  world.pass(1_000);
  client.send(text("the last data"));
  for (let left = 298_000; left > 0; left -= 1_000) {
    live(world, 1_000, client, backend);
    client.send({ opcode: OPCODE.ping, payload: "app" });
    backend.send({ opcode: OPCODE.pong, payload: "app" });
  }
  assert.equal(world.tunnel.cause, undefined);
  live(world, 4_000, client, backend);
  assert.equal(world.tunnel.cause, "idle");
});

test("data in either direction, empty messages and parts of frames too, keep a tunnel from being idle", () => {
  const nudges: readonly ((world: World) => void)[] = [
    ({ client }) => client.send(text("")),
    ({ backend }) => backend.send(text("")),
    ({ client }) => client.send(text("data")),
    ({ backend }) => {
      if (backend.insideFrame) backend.complete();
      else backend.begin(text("a frame in two parts"));
    },
  ];
  for (const nudge of nudges) {
    const world = openWorld({ idleTimeout: 10_000 });
    for (let turn = 0; turn < 20; turn += 1) {
      world.pass(8_000);
      nudge(world);
    }
    assert.equal(world.tunnel.cause, undefined);
    world.pass(10_000 + SLACK);
    assert.equal(world.tunnel.cause, "idle");
  }
});

test("where nothing is enforced, bytes that are no frames keep a tunnel from being idle", () => {
  const world = openWorld({ transparent: true, idleTimeout: 10_000 });
  world.backend.bytes(Buffer.from("no frames at all"));
  for (let turn = 0; turn < 5; turn += 1) {
    world.pass(8_000);
    world.client.bytes(frame({ opcode: 5, payload: "?" }));
  }
  assert.equal(world.tunnel.cause, undefined);
  world.pass(10_000 + SLACK);
  assert.equal(world.tunnel.cause, "idle");
});

test("a tunnel ends at the end of its lifetime, however busy it is, shortened by its share of the jitter", () => {
  for (const [random, share] of [
    [0, 1],
    [0.5, 0.9],
    [0.999_999, 0.8],
  ] as const) {
    const world = openWorld({ lifetime: 100_000, lifetimeJitter: 0.2 }, () => random);
    const busy = (ms: number): void => {
      for (let left = ms; left > 0; left -= 1_000) {
        world.pass(1_000);
        world.client.send(text("busy"));
      }
    };
    busy(100_000 * share - 1_000);
    assert.equal(world.tunnel.cause, undefined);
    busy(2_000);
    assert.equal(world.tunnel.cause, "lifetime");
  }
});

for (const name of ["client", "backend"] as const) {
  test(`a ${name} that takes nothing of its backlog for writeTimeout is dropped`, () => {
    const world = openWorld({ writeTimeout: 10_000 });
    const writer = world[name === "client" ? "backend" : "client"];
    world[name].stalled = true;
    writer.send(text("unread"));
    world.pass(9_900);
    assert.equal(world.tunnel.cause, undefined);
    world.pass(5_000 + SLACK);
    assert.equal(world.tunnel.cause, `${name}-stalled`);
    assert.ok(world[name].destroyed);
  });

  test(`a ${name} that takes its backlog slowly is kept`, () => {
    const world = openWorld({ writeTimeout: 10_000 });
    const leg = world[name];
    leg.stalled = true;
    world[name === "client" ? "backend" : "client"].send(text("x".repeat(90)));
    for (; leg.backlog > 1; leg.backlog -= 1) {
      world.pass(6_000);
      assert.equal(world.tunnel.cause, undefined);
    }
    leg.drain();
    world.pass(60_000);
    assert.equal(world.tunnel.cause, undefined);
  });
}

/** Counts how often the wheel has the tunnel looked at. */
const countLooks = ({ tunnel }: World): (() => number) => {
  let looks = 0;
  const onDue = tunnel.onDue.bind(tunnel);
  tunnel.onDue = (now) => {
    looks += 1;
    return onDue(now);
  };
  return () => looks;
};

test("a tunnel with nothing to watch is looked at no more often than twice a writeTimeout", () => {
  const world = openWorld({ writeTimeout: 30_000 });
  const looks = countLooks(world);
  world.pass(300_000);
  assert.ok(looks() <= 20, `${looks()} looks in five minutes`);
});

test("a leg that we do not read from while it owes a pong is looked at no more often for that", () => {
  const world = withHeartbeat({ writeTimeout: 1_000_000 });
  while (world.backend.output.length === 0) world.pass(TICK);
  world.client.stalled = true;
  world.backend.send(text("more than is read"));
  world.backend.frames();
  const looks = countLooks(world);
  live(world, 9_000, world.client);
  world.client.send(text("busy"));
  world.pass(20_000);
  assert.ok(looks() <= 5, `${looks()} looks in half a minute`);
});
