/**
 * The image, without an engine: the steps of the Dockerfile are taken in a plain folder, and what they make is started as the
 * image would start it, as process 1 and not as root where this machine lets us.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import type { TestContext } from "node:test";

import { deadPort } from "../kit/scripts.ts";
import { openWs } from "../kit/clients.ts";
import { runProgram } from "../kit/processes.ts";
import { until } from "../kit/until.ts";
import { run } from "../package/npm.ts";
import { build, copyOf, exec, type Image, isSent, only, type Stage, stagesOf } from "./dockerfile.ts";
import { ROOT, text } from "./files.ts";

const stages = stagesOf(text("deploy/Dockerfile"));
const stageOf = (name: string): Stage => {
  const found = stages.find((stage) => stage.name === name);
  assert.ok(found !== undefined, `there is a stage ${name}`);
  return found;
};

describe("the Dockerfile", () => {
  test("builds fairlead when no stage is asked for", () => {
    assert.deepEqual(
      stages.map(({ name, image }) => [name, image]),
      [
        ["build", "node:24-slim"],
        ["backend", "node:24-slim"],
        ["fairlead", "node:24-slim"],
      ],
    );
  });

  test("copies only what is there and what .dockerignore lets through", () => {
    const sources = stages
      .flatMap(({ steps }) => steps.filter(({ word }) => word === "COPY"))
      .map(copyOf)
      .filter(({ from }) => from === undefined)
      .flatMap((copy) => copy.sources);
    assert.ok(sources.length > 10);
    for (const source of sources) {
      assert.ok(existsSync(join(ROOT, source)), source);
      assert.ok(isSent(text(".dockerignore"), source), `${source} is sent to the builder`);
    }
    for (const kept of ["node_modules", ".git", "dist", "docs", "test", "deploy/kubernetes/secret.env"])
      assert.ok(!isSent(text(".dockerignore"), kept), `${kept} is not sent`);
  });

  test("what runs is no shell and not root, is asked whether it lives, and is ended by SIGTERM", () => {
    for (const stage of [stageOf("backend"), stageOf("fairlead")]) {
      assert.equal(exec(only(stage, "ENTRYPOINT"))[0], "node");
      assert.equal(exec(only(stage, "HEALTHCHECK"))[0], "node");
      assert.equal(only(stage, "STOPSIGNAL"), "SIGTERM");
      assert.match(only(stage, "USER") ?? "", /^[1-9]\d*:[1-9]\d*$/);
    }
  });
});

/** Runs a command as another user and as process 1, as far as this process may. */
const confined = (() => {
  const works = (command: readonly string[]): boolean =>
    spawnSync(command[0] ?? "", [...command.slice(1), process.execPath, "--version"], { stdio: "ignore" }).status === 0;
  const other = ["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups"];
  const asUser = process.getuid?.() === 0 && works(other) ? other : [];
  const asFirst = ["unshare", "--pid", "--fork", "--kill-child"];
  const isFirst = works([...asFirst, ...asUser]);
  return { prefix: isFirst ? [...asFirst, ...asUser] : asUser, isFirst };
})();

/** The process that a confined command became: `unshare` waits in front of it. */
const processOf = (pid: number): number =>
  confined.isFirst ? Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim()) : pid;

const filesBelow = (folder: string): string[] => readdirSync(folder, { recursive: true, encoding: "utf8" }).toSorted();

describe("what the Dockerfile's steps make in a plain folder", () => {
  let folder: string;
  const images = new Map<string, Image>();

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "fairlead-image-"));
    chmodSync(folder, 0o755);
    for (const stage of stages) {
      const root = join(folder, stage.name);
      mkdirSync(root);
      images.set(stage.name, await build(stage, images, ROOT, root));
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Starts a stage as the image would, with paths below its folder. */
  const start = (t: TestContext, name: string, env: NodeJS.ProcessEnv) => {
    const { root } = images.get(name) ?? { root: "" };
    const stage = stageOf(name);
    const cmd = only(stage, "CMD");
    const [, ...args] = [...exec(only(stage, "ENTRYPOINT")), ...(cmd === undefined ? [] : exec(cmd))];
    const inside = (word: string): string => join(root, resolve(only(stage, "WORKDIR") ?? "/", word));
    const words = args.map((word) => (existsSync(inside(word)) ? inside(word) : word));
    const [command = "", ...rest] = [...confined.prefix, process.execPath, ...words];
    const running = runProgram(t, command, rest, { HOME: "/nonexistent", ...env });
    return { running, files: () => filesBelow(root) };
  };

  test("holds fairlead, what it depends on as the lock file says, and nothing for its making", () => {
    const { root } = images.get("fairlead") ?? { root: "" };
    const below = readdirSync(join(root, "opt/fairlead")).toSorted();
    assert.deepEqual(
      below.filter((name) => !name.startsWith(".")),
      ["CHANGELOG.md", "LICENSE", "README.md", "bin", "dist", "node_modules", "package-lock.json", "package.json"],
    );
    const modules = readdirSync(join(root, "opt/fairlead/node_modules"));
    assert.ok(modules.includes("undici"));
    for (const tool of ["typescript", "ws", "oxlint"]) assert.ok(!modules.includes(tool), tool);
  });

  test("serves, is healthy by its own check, writes nothing, and ends in order on SIGTERM", async (t) => {
    const backend = start(t, "backend", { NAME: "one", PORT: "0" });
    const port = (await backend.running.line(/^one listens at (\d+)$/))[1];
    const admin = await deadPort();
    const { root } = images.get("fairlead") ?? { root: "" };
    mkdirSync(join(root, "etc/fairlead"), { recursive: true });
    const config = {
      listen: "127.0.0.1:0",
      admin: `127.0.0.1:${admin}`,
      workers: 2,
      drain: "100ms",
      log: { format: "json" },
    };
    const file = JSON.stringify({ ...config, backends: [`ws://127.0.0.1:${port}`] });
    writeFileSync(join(root, "etc/fairlead/fairlead.yaml"), file);
    const untouched = filesBelow(root);
    const { running, files } = start(t, "fairlead", {});
    const url = (await running.line(/"url":"(ws:[^"]+)"/))[1] ?? "";

    const [, ...check] = exec(only(stageOf("fairlead"), "HEALTHCHECK"));
    const ask = () =>
      run(
        process.execPath,
        check.map((word) => word.replace(":8081/", `:${admin}/`)),
        root,
      );
    await until(async () => (await ask()).code === 0, "the health check says that all is well");

    const client = await openWs(t, `${url}/room`);
    assert.deepEqual([await client.next(), await client.ask("ahoy")], ["this is one", "ahoy"]);

    process.kill(processOf(running.child.pid ?? 0), "SIGTERM");
    assert.equal((await client.closed()).code, 1012);
    assert.equal(await running.exit(), 0);
    assert.notEqual((await ask()).code, 0);
    assert.deepEqual(files(), untouched);

    process.kill(processOf(backend.running.child.pid ?? 0), "SIGTERM");
    assert.equal(await backend.running.exit(), 0);
  });
});
