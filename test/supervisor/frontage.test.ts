/** What a worker keeps of listeners that have been replaced: on a clock that the test turns. */
import assert from "node:assert/strict";
import test from "node:test";

import { Wheel } from "../../src/base/index.ts";
import { parseConfig } from "../../src/config/index.ts";
import type { Config } from "../../src/config/index.ts";
import { Frontage } from "../../src/supervisor/frontage.ts";
import { createDriver } from "../../src/wire/index.ts";

const configOf = (keepAliveTimeout: number): Config =>
  parseConfig({ backends: ["ws://127.0.0.1:81"], limits: { keepAliveTimeout: `${keepAliveTimeout}ms` } }).config;

const TICK = 100;

const never = (): never => assert.fail("nobody comes");

test("listeners that are replaced again and again do not pile up: each is forgotten once it is empty", () => {
  let now = 0;
  const wheel = new Wheel({ now: () => now, wall: () => now }, TICK);
  const handlersFor = () => ({ request: never, upgrade: never, badRequest: never });
  const world = { driver: createDriver("stream", never), wheel, ticketKeys: Buffer.alloc(48), handlersFor };
  const frontage = new Frontage(configOf(1), world);
  const pass = (time: number): void => {
    for (const end = now + time; now < end;) {
      now += TICK;
      wheel.tick();
    }
  };
  for (let reloads = 2; reloads < 20; reloads += 1) {
    frontage.update(configOf(reloads));
    pass(900);
    assert.ok([...frontage].length <= 3, "the one that there is, and those that nobody has looked at");
  }
  pass(1_100);
  assert.equal([...frontage].length, 1);
  frontage.destroy();
  assert.equal(wheel.size, 0);
});
