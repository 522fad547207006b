/** The units against their configuration, the exit codes, and systemd itself where it is there. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { parseDuration } from "../../src/base/index.ts";
import { ExitCode } from "../../src/cli/exit-code.ts";
import { formatAddress } from "../../src/config/index.ts";
import { BACKLOG_CONNECTIONS_MAX } from "../../src/listener/entrance.ts";
import { temporaryFolder } from "../supervisor/command.ts";
import { needTool } from "../kit/tools.ts";
import { configOf, shutdownTime, text } from "./files.ts";

const SERVICE = "deploy/systemd/fairlead.service";
const SOCKET = "deploy/systemd/fairlead.socket";
const ANALYZE = "/usr/bin/systemd-analyze";

/** What a unit says, as `Section.Key`; a key that is there more than once has all its values. */
const unit = (content: string): ReadonlyMap<string, readonly string[]> => {
  const said = new Map<string, string[]>();
  let section = "";
  for (const line of content.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name] = /^\[(\w+)\]$/.exec(line) ?? [];
    const [, key, value = ""] = /^(\w+)=(.*)$/.exec(line) ?? [];
    if (name !== undefined) section = name;
    else if (key !== undefined) said.set(`${section}.${key}`, [...(said.get(`${section}.${key}`) ?? []), value]);
    else throw new Error(`no line of a unit: ${line}`);
  }
  return said;
};

const service = unit(text(SERVICE));
const socket = unit(text(SOCKET));
const one = (key: string): string => {
  const [value, ...more] = service.get(key) ?? [];
  assert.ok(value !== undefined && more.length === 0, `${key} is there once`);
  return value;
};
const seconds = (key: string): number => Number(parseDuration(`${one(key)}s`));
const { config, warnings } = configOf(text("deploy/systemd/fairlead.yaml"), {});

describe("the units of systemd", () => {
  test("the configuration beside them has no warning", () => {
    assert.deepEqual(warnings, []);
    assert.equal(one("Service.ExecStart"), "/usr/local/bin/fairlead --config /etc/fairlead/fairlead.yaml");
  });

  test("systemd finds nothing wrong with them", (t) => {
    if (!needTool(t, "systemd-analyze (systemd)", ANALYZE)) return;
    const folder = temporaryFolder(t);
    // The program is not installed here: one that is takes its place.
    const files = [SERVICE, SOCKET].map((path) => {
      const file = join(folder, path.split("/").at(-1) ?? "");
      writeFileSync(file, text(path).replace("/usr/local/bin/fairlead", process.execPath));
      return file;
    });
    const { status, stdout, stderr } = spawnSync(ANALYZE, ["verify", "--man=no", ...files], { encoding: "utf8" });
    assert.deepEqual([status, stdout, stderr], [0, "", ""]);
  });

  test("a service that is hardened has little exposure, as systemd counts it", (t) => {
    if (!needTool(t, "systemd-analyze (systemd)", ANALYZE)) return;
    const folder = temporaryFolder(t);
    const file = join(folder, "fairlead.service");
    writeFileSync(file, text(SERVICE).replace("/usr/local/bin/fairlead", process.execPath));
    const args = ["security", "--offline=yes", "--no-pager", "--threshold=30", file];
    const { status, stdout, stderr } = spawnSync(ANALYZE, args, { encoding: "utf8" });
    assert.equal(status, 0, stdout.split("\n").slice(-3).join("\n") + stderr);
  });

  test("there is one ListenStream for each address of the configuration, in its order", () => {
    assert.deepEqual(socket.get("Socket.ListenStream"), config.listeners.map(formatAddress));
    assert.deepEqual(socket.get("Socket.Backlog"), [String(BACKLOG_CONNECTIONS_MAX)]);
  });

  test("whoever tells systemd is heard, also a child and the next instance", () => {
    assert.deepEqual([one("Service.Type"), one("Service.NotifyAccess")], ["notify", "all"]);
    assert.ok(seconds("Service.WatchdogSec") >= 10_000);
  });

  test("a drain has its time before systemd kills, and begins in the supervisor alone", () => {
    assert.ok(seconds("Service.TimeoutStopSec") >= shutdownTime(config));
    assert.equal(one("Service.KillMode"), "mixed");
    assert.match(one("Service.ExecReload"), /^\/bin\/kill -HUP \$MAINPID$/);
  });

  test("exit codes mean what they mean: no restart for a wrong configuration, and a drain deadline is no failure", () => {
    assert.equal(one("Service.RestartPreventExitStatus"), String(ExitCode.usage));
    assert.equal(one("Service.SuccessExitStatus"), String(ExitCode.drainDeadline));
  });

  test("it has descriptors, and not what V8 cannot live with", () => {
    assert.ok(Number(one("Service.LimitNOFILE")) >= 65_536);
    assert.equal(service.get("Service.MemoryDenyWriteExecute"), undefined);
  });
});
