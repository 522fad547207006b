/** What tunnels carry a second, as balancing methods are told it: on a clock that the test turns. */
import assert from "node:assert/strict";
import test from "node:test";

import { seededRandom, Wheel } from "../../src/base/index.ts";
import { parseConfig } from "../../src/config/index.ts";
import { gauge } from "../../src/gateway/gauge.ts";
import type { Gateway } from "../../src/gateway/gateway.ts";
import { Meters } from "../../src/gateway/meters.ts";
import { Traffic } from "../../src/gateway/traffic.ts";
import type { OpenTunnel } from "../../src/gateway/traffic.ts";
import type { Tunnel } from "../../src/relay/index.ts";
import { Pool } from "../../src/pool/index.ts";
import type { BackendReading } from "../../src/pool/index.ts";

const ONE = "ws://one.test:81";
const TWO = "ws://two.test:81";
const SECOND = 1_000;

/** A gateway of which there is what is measured: one pool, and tunnels that are only described. */
const measuredGateway = () => {
  let now = 0;
  const clock = { now: () => now, wall: () => now };
  const wheel = new Wheel(clock);
  const { config } = parseConfig({ pools: { default: { backends: [ONE, TWO], balance: "least-load" } } });
  const [options] = Object.values(config.pools);
  assert.ok(options);
  const world = { clock, random: seededRandom(1), workers: 1, onLoad: () => {}, onWant: () => {} };
  const pool = new Pool(options, "secret", world);
  const meters = new Meters();
  const lives = new Set<OpenTunnel>();
  let told: readonly BackendReading[] = [];
  const gateway = {
    world: { wheel, clock, meters, onReadings: (readings: readonly BackendReading[]) => void (told = readings) },
    pools: new Map([[pool.name, pool]]),
    tunnels: lives,
  };
  // Of a gateway no more than this is looked at.
  gauge(gateway as unknown as Gateway);
  return {
    meters,
    lives,
    /** What is told after a second, of each backend. */
    activities(): Readonly<Record<string, number>> {
      now += SECOND;
      wheel.tick();
      return Object.fromEntries(told.map(([, backend, { activity }]) => [backend, activity]));
    },
  };
};

/** A tunnel to the first backend whose client sends messages of no size. */
const openTunnel = ({ meters, lives }: Pick<ReturnType<typeof measuredGateway>, "meters" | "lives">) => {
  const side = () => ({ tracker: { messages: 0, payloadBytes: 0 }, bytes: 0 });
  const described = { client: side(), backend: side() };
  const tunnel = described as unknown as Tunnel; // what is read of one
  const life = { tunnel, carrier: meters.carrierOf("default", ONE), before: undefined };
  lives.add(life);
  return { tunnel, life, sent: described.client.tracker };
};

test("a tunnel that is re-homed counts with what it carries from then on, not with what it has carried in its life", () => {
  const gateway = measuredGateway();
  const { meters, lives, activities } = gateway;
  const { tunnel, life: first, sent } = openTunnel(gateway);
  activities();
  sent.messages = 50_000;
  assert.deepEqual(activities(), { [ONE]: 50_000 });
  activities();

  first.carrier.past.addTunnel(tunnel);
  const before = new Traffic();
  before.addTunnel(tunnel);
  lives.delete(first);
  lives.add({ tunnel, carrier: meters.carrierOf("default", TWO), before });
  assert.deepEqual(activities(), {});
  sent.messages += 7;
  assert.deepEqual(activities(), { [TWO]: 7 });
});

test("what a tunnel has carried counts on when it ends, and once", () => {
  const gateway = measuredGateway();
  const { lives, activities } = gateway;
  const { tunnel, life, sent } = openTunnel(gateway);
  activities();
  sent.messages = 3;
  life.carrier.past.addTunnel(tunnel);
  lives.delete(life);
  assert.deepEqual(activities(), { [ONE]: 3 });
  assert.deepEqual(activities(), {});
});
