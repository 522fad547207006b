/** Which inherited socket is used for what. */
import assert from "node:assert/strict";
import test from "node:test";

import { adopt } from "../../src/supervisor/adopt.ts";

const LISTENERS = ["0.0.0.0:80", "[::]:443"];

test("sockets of an older fairlead go to the listeners of their names, and the rest is closed", () => {
  const inherited = [
    { name: "[::]:443", fd: 4 },
    { name: "0.0.0.0:81", fd: 5 },
    { name: "admin", fd: 6 },
  ];
  assert.deepEqual(adopt(inherited, LISTENERS, true), {
    listeners: new Map([["[::]:443", 4]]),
    admin: 6,
    spare: [5],
  });
});

test("without an admin API its socket is closed", () => {
  const adopted = adopt([{ name: "admin", fd: 4 }], LISTENERS, false);
  assert.deepEqual(adopted, { listeners: new Map(), admin: undefined, spare: [4] });
});

test("systemd's sockets go to the listeners in order, whatever their names; one named admin is the admin API's", () => {
  const inherited = [
    { name: "fairlead.socket", fd: 3 },
    { name: "admin", fd: 4 },
    { name: "fairlead.socket", fd: 5 },
    { name: "unknown", fd: 6 },
  ];
  assert.deepEqual(adopt(inherited, LISTENERS, true), {
    listeners: new Map([
      ["0.0.0.0:80", 3],
      ["[::]:443", 5],
    ]),
    admin: 4,
    spare: [6],
  });
});
