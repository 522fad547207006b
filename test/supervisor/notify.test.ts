/** What a service manager is told: by the real systemd-notify over a real socket, and in which order and number. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";

import { createNotifier, systemdNotify } from "../../src/supervisor/notify.ts";
import { programFile, runProgram } from "../kit/processes.ts";
import { needTool } from "../kit/tools.ts";
import { until, within } from "../kit/until.ts";
import { temporaryFolder } from "./command.ts";

const PID = 4242;
const NOTIFY_SOCKET = "/run/notify";

/** A manager that takes each message when the test says so. */
const slowManager = () => {
  const told: string[][] = [];
  let take = (): void => {};
  const tell = (assignments: readonly string[]): Promise<void> => {
    told.push([...assignments]);
    return new Promise((resolve) => {
      take = resolve;
    });
  };
  return { told, tell, take: () => take() };
};

const quickManager = () => {
  const told: string[] = [];
  const tell = (assignments: readonly string[]): Promise<void> => {
    told.push(assignments.join(" "));
    return Promise.resolve();
  };
  return { told, tell };
};

describe("states", () => {
  test("without a manager nothing is told and no program is run", async () => {
    const { told, tell } = quickManager();
    const notifier = createNotifier({ env: { WATCHDOG_USEC: "1000" }, pid: PID, tell });
    notifier.ready("serving");
    notifier.reloading();
    notifier.stopping();
    notifier.status("nothing");
    notifier.mainPid(1);
    await notifier.stop();
    assert.deepEqual(told, []);
  });

  test("what is said in one breath is one message", async () => {
    const { told, tell } = quickManager();
    const notifier = createNotifier({ env: { NOTIFY_SOCKET }, pid: PID, tell });
    notifier.mainPid(77);
    notifier.ready("two\nlines");
    await notifier.stop();
    assert.deepEqual(told, ["MAINPID=77 READY=1 STATUS=two lines"]);
  });

  test("one message is on its way at a time, and of what is said meanwhile the latest counts", async () => {
    const { told, tell, take } = slowManager();
    const notifier = createNotifier({ env: { NOTIFY_SOCKET }, pid: PID, tell });
    notifier.ready();
    await until(() => told.length === 1, "the first message is on its way");
    notifier.reloading();
    notifier.status("reloading");
    notifier.ready("serving again");
    assert.equal(told.length, 1);
    take();
    await until(() => told.length === 2, "the second message is on its way");
    take();
    await within(notifier.stop(), "all is told");
    assert.deepEqual(told, [["READY=1"], ["READY=1", "STATUS=serving again"]]);
  });

  test("a manager that cannot be told does not hurt, and is complained of once", async () => {
    const failures: unknown[] = [];
    const tell = (): Promise<void> => Promise.reject(new Error("nobody there"));
    const notifier = createNotifier({
      env: { NOTIFY_SOCKET },
      pid: PID,
      tell,
      onFailure: (error) => failures.push(error),
    });
    notifier.ready();
    await notifier.stop();
    notifier.stopping();
    await notifier.stop();
    assert.equal(failures.length, 1);
  });

  test("a program that is not there does not hurt either", async () => {
    const tell = systemdNotify({ PATH: "/nowhere", NOTIFY_SOCKET });
    await assert.rejects(tell(["READY=1"]), { code: "ENOENT" });
  });
});

describe("signs of life", () => {
  const watched = { NOTIFY_SOCKET, WATCHDOG_USEC: "4000" };
  const start = (
    t: TestContext,
    env: Readonly<Record<string, string>>,
    healthy?: () => boolean | Promise<boolean>,
  ): { readonly told: string[]; readonly stop: () => Promise<void> } => {
    const { told, tell } = quickManager();
    const notifier = createNotifier({ env, pid: PID, tell, ...(healthy && { healthy }) });
    t.after(() => notifier.stop());
    return { told, stop: () => notifier.stop() };
  };

  test("they come twice in each period, until it is stopped", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const { told, stop } = start(t, { NOTIFY_SOCKET, WATCHDOG_USEC: "30000000", WATCHDOG_PID: String(PID) });
    const after = async (time: number): Promise<number> => {
      t.mock.timers.tick(time);
      await new Promise(setImmediate);
      return told.length;
    };
    assert.equal(await after(14_999), 0);
    assert.equal(await after(1), 1);
    assert.equal(await after(15_000), 2);
    await stop();
    assert.equal(await after(60_000), 2);
    assert.deepEqual(new Set(told), new Set(["WATCHDOG=1"]));
  });

  test("they are left out while the service is not well, and come again", async (t) => {
    let well = false;
    let asked = 0;
    const { told } = start(t, watched, () => {
      asked += 1;
      if (asked < 3) throw new Error("who knows");
      return Promise.resolve(well);
    });
    await until(() => asked >= 6, "it has been asked often");
    assert.deepEqual(told, []);
    well = true;
    await until(() => told.length > 1, "signs of life");
  });

  test("a question without an answer is not asked again", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    let asked = 0;
    const { told } = start(t, watched, () => {
      asked += 1;
      return new Promise<boolean>(() => {});
    });
    t.mock.timers.tick(100);
    await new Promise(setImmediate);
    assert.deepEqual([asked, told.length], [1, 0]);
  });

  test("they are not asked of this process when the variables name another one, or make no sense", async (t) => {
    t.mock.timers.enable({ apis: ["setInterval"] });
    const all = [
      start(t, { ...watched, WATCHDOG_PID: String(PID + 1) }),
      start(t, { NOTIFY_SOCKET, WATCHDOG_USEC: "0" }),
      start(t, { NOTIFY_SOCKET, WATCHDOG_USEC: "soon" }),
    ];
    t.mock.timers.tick(100_000);
    await new Promise(setImmediate);
    assert.deepEqual(
      all.flatMap(({ told }) => told),
      [],
    );
  });
});

test("the real systemd-notify tells a real socket what is said, from start to end", async (t) => {
  if (!needTool(t, "systemd-notify (systemd)", "/usr/bin/systemd-notify")) return;
  if (!needTool(t, "python3", "/usr/bin/python3")) return;
  const path = join(temporaryFolder(t), "notify");
  const manager = runProgram(t, "/usr/bin/python3", ["-u", programFile("notify.py"), path]);
  await manager.line(/^listening$/);
  const env = { PATH: process.env["PATH"], NOTIFY_SOCKET: path, WATCHDOG_USEC: "2000000" };
  const failures: unknown[] = [];
  const notifier = createNotifier({ env, pid: process.pid, onFailure: (error) => failures.push(error) });
  const told = (text: string) => manager.line(new RegExp(`^told \\[${text}\\]$`));
  notifier.ready("serving at ws://127.0.0.1:8080");
  await told('"READY=1", "STATUS=serving at ws://127.0.0.1:8080"');
  notifier.reloading();
  await told('"RELOADING=1"');
  notifier.ready();
  await told('"READY=1"');
  await told('"WATCHDOG=1"');
  notifier.mainPid(process.pid);
  await told(`"MAINPID=${process.pid}"`);
  notifier.stopping();
  await told('"STOPPING=1"');
  await notifier.stop();
  assert.deepEqual(failures, []);
});
