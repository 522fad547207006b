/** Listening sockets that a process is started with: what the environment says of them. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";

import fc from "fast-check";

import { formatInherited, parseInherited } from "../../src/supervisor/inherited.ts";
import { programFile, runProgram } from "../kit/processes.ts";
import { deadPort } from "../kit/scripts.ts";
import { needTool } from "../kit/tools.ts";
import { within } from "../kit/until.ts";

const PID = 4242;
const activated = (count: string, names?: string): Record<string, string> => ({
  LISTEN_FDS: count,
  LISTEN_PID: String(PID),
  ...(names === undefined ? {} : { LISTEN_FDNAMES: names }),
});
const LISTEN_FAILED = (message: RegExp) => ({ code: "LISTEN_FAILED", message });

describe("what is read from the environment", () => {
  test("without the variables nothing was passed", () => {
    assert.deepEqual(parseInherited({}, PID), []);
    assert.deepEqual(parseInherited({ ...activated("1"), FAIRLEAD_INHERIT: "" }, PID), []);
    assert.deepEqual(parseInherited(activated("0"), PID), []);
  });

  test("systemd's sockets begin behind standard error, with the names of their units", () => {
    assert.deepEqual(parseInherited(activated("2", "fairlead.socket:admin"), PID), [
      { fd: 3, name: "fairlead.socket" },
      { fd: 4, name: "admin" },
    ]);
    assert.deepEqual(parseInherited(activated("1"), PID), [{ fd: 3, name: "unknown" }]);
  });

  test("what systemd passed to another process is not ours", () => {
    assert.deepEqual(parseInherited(activated("1"), PID + 1), []);
  });

  test("variables of systemd that contradict themselves are named", () => {
    assert.throws(() => parseInherited(activated("two"), PID), LISTEN_FAILED(/LISTEN_FDS is "two"; it has to be/));
    assert.throws(() => parseInherited(activated("5000"), PID), LISTEN_FAILED(/from 0 to 1000/));
    assert.throws(
      () => parseInherited(activated("2", "a"), PID),
      LISTEN_FAILED(/LISTEN_FDNAMES has 1 names \(a\) and LISTEN_FDS says 2 sockets/),
    );
  });

  test("what an instance passes on is what the next one reads, and wins over systemd's", () => {
    const name = fc.string({ minLength: 1 }).filter((any) => !/[,\n\r\u2028\u2029]/.test(any));
    const socket = fc.record({ name, fd: fc.integer({ min: 3, max: 999_999 }) }, { noNullPrototype: true });
    const sockets = fc.uniqueArray(socket, { minLength: 1, selector: ({ name: of }) => of }).filter((all) => {
      return new Set(all.map(({ fd }) => fd)).size === all.length;
    });
    fc.assert(
      fc.property(sockets, (passed) => {
        const env = { ...activated("1"), FAIRLEAD_INHERIT: formatInherited(passed) };
        assert.deepEqual(parseInherited(env, PID), passed);
      }),
    );
  });

  test("what no instance would pass is refused", () => {
    const read = (FAIRLEAD_INHERIT: string) => () => parseInherited({ FAIRLEAD_INHERIT }, PID);
    assert.throws(read("admin"), LISTEN_FAILED(/"admin" is not NAME=DESCRIPTOR/));
    assert.throws(read("a=3,a=4"), LISTEN_FAILED(/a is there twice/));
    assert.throws(read("a=3,b=3"), LISTEN_FAILED(/3 is there twice/));
    assert.throws(read("a=2"), LISTEN_FAILED(/"a=2" is not NAME=DESCRIPTOR, with a descriptor from 3 on/));
  });
});

test("sockets that systemd's own tool passes are read, and serve", async (t) => {
  const tool = "/usr/bin/systemd-socket-activate";
  if (!needTool(t, "systemd-socket-activate (systemd)", tool)) return;
  const ports = [await deadPort(), await deadPort()];
  const listen = ports.map((port) => `--listen=127.0.0.1:${port}`);
  const program = [process.execPath, programFile("activated.ts")];
  const activator = runProgram(t, tool, [...listen, "--fdname=fairlead:admin", ...program]);
  await activator.line(/^Listening on 127\.0\.0\.1:\d+ as 4/);
  const greetings = ports.map(async (port) => {
    const socket = connect(port, "127.0.0.1");
    await once(socket, "connect");
    return text(socket);
  });
  const said = (await activator.line(/^inherited (.*)$/))[1] ?? "";
  assert.deepEqual(JSON.parse(said), [
    { fd: 3, name: "fairlead" },
    { fd: 4, name: "admin" },
  ]);
  assert.deepEqual(await within(Promise.all(greetings), "both greetings"), ["fairlead\n", "admin\n"]);
});
