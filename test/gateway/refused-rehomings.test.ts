/** A backend that refuses the tunnels of another one is warned of once in a while, not once for each. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { silentLogger } from "../../src/base/index.ts";
import { RefusedRehomings } from "../../src/gateway/refused-rehomings.ts";
import type { Backend } from "../../src/pool/index.ts";

// Of a backend no more is looked at than its name.
const called = (name: string): Backend => ({ name }) as unknown as Backend;

test("a warning comes at once, then once in ten seconds for each backend, with how many there were and why", () => {
  let now = 0;
  const warned: object[] = [];
  const logger = { ...silentLogger, warn: (fields: object) => void warned.push(fields) };
  const refused = new RefusedRehomings({ now: () => now, wall: () => now }, logger);
  const [one, two] = [called("one"), called("two")];
  for (let at = 0; at < 300; at += 1) refused.note("chat", one, `${at}`, "status 401");
  refused.note("chat", two, "other", "status 403");
  assert.deepEqual(warned.splice(0), [
    { pool: "chat", backend: "one", times: 1, reason: "status 401" },
    { pool: "chat", backend: "two", times: 1, reason: "status 403" },
  ]);
  now += 10_000;
  refused.note("chat", one, "last", "status 503");
  assert.deepEqual(warned, [{ pool: "chat", backend: "one", times: 300, reason: "status 503" }]);
});
