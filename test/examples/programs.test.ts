/** The examples that are programs run as they are written, and the list of examples is complete. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { createContext, runInContext } from "node:vm";

import { loadConfig } from "../../src/config/index.ts";
import { startEcho, startEchoes } from "../kit/backends.ts";
import { openWs, whose } from "../kit/clients.ts";
import { needGorilla, startGorilla } from "../kit/gorilla.ts";
import { runProgram } from "../kit/processes.ts";
import { until } from "../kit/until.ts";
import { backendVariables, EXAMPLES, startExample, tally } from "./start.ts";

const read = (path: string): string => readFileSync(join(EXAMPLES, path), "utf8");

const files = readdirSync(EXAMPLES, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name !== "README.md")
  .map((entry) => join(entry.parentPath, entry.name).slice(EXAMPLES.length))
  // What certificates.sh has made, where somebody has tried it.
  .filter((path) => !/\.(?:pem|key|srl)$/.test(path));

test("embedding/program.ts counts tunnels and stops in good order", async (t) => {
  const backend = await startEcho(t, { name: "one" });
  const program = runProgram(t, process.execPath, [join(EXAMPLES, "embedding/program.ts"), backend.url], {
    LISTEN: "127.0.0.1:0",
  });
  const [, url = ""] = await program.line(/^listening on (ws:.*)$/);
  const first = await openWs(t, url);
  assert.equal(await first.ask("hello"), "hello");
  await first.bye();
  await program.line(/^tunnel to ws:\/\/127\.0\.0\.1:\d+: client-close, the client got 1000$/);
  const second = await openWs(t, url);
  program.child.kill("SIGTERM");
  assert.equal((await second.closed()).code, 1012);
  await program.line(/^2 tunnels, 2 messages, all ended in order$/);
  assert.equal(await program.exit(), 0);
});

test("embedding/program.ts names every mistake in what it was given", async (t) => {
  const program = runProgram(t, process.execPath, [join(EXAMPLES, "embedding/program.ts"), "ftp://a", "ws://b:99999"]);
  await program.line(/^backends\[0\]/);
  await program.line(/^backends\[1\]/);
  assert.equal(await program.exit(), 2);
});

test("the seed's client and its Go server talk through fairlead, each as it is written", async (t) => {
  if (!needGorilla(t)) return;
  const server = await startGorilla(t);
  const example = await startExample(t, "proxy/behind-a-proxy.yaml", { BACKEND: server.url });
  const lines: string[] = [];
  // The client's host is the only thing that is changed.
  const script = read("seed/client.js").replace("ws://loadbalancer:8080", example.url);
  const scope = createContext({ WebSocket, console: { log: (line: string) => void lines.push(line) } });
  runInContext(`${script}\nglobalThis.finish = () => socket.close(1000, "seen");`, scope);
  await until(() => lines.includes("Data received: Hello from client!"), "the echo");
  runInContext("finish()", scope);
  await until(() => lines.length === 3, "the close");
  assert.deepEqual(lines, [
    "Connection established",
    "Data received: Hello from client!",
    // gorilla/websocket answers with the code alone.
    "Connection closed cleanly, code=1000 reason=",
  ]);
});

test("the command runs an example with several workers, which count as one", async (t) => {
  const backends = await startEchoes(t, 2);
  const file = join(EXAMPLES, "balancing/least-connections.yaml");
  const flags = [
    "--listen",
    "127.0.0.1:0",
    "--admin",
    "off",
    "--workers",
    "2",
    "--drain",
    "100ms",
    "--log-format",
    "json",
  ];
  const command = fileURLToPath(new URL("../../bin/fairlead.cjs", import.meta.url));
  const program = runProgram(t, process.execPath, [command, "--config", file, ...flags], backendVariables(backends));
  const [, url = ""] = await program.line(/"url":"(ws:[^"]*)".*"msg":"listening"/);
  const clients = [];
  for (let turn = 0; turn < 8; turn += 1) clients.push(await openWs(t, url));
  assert.deepEqual(tally(await Promise.all(clients.map(whose))), { one: 6, two: 2 });
  program.child.kill("SIGTERM");
  for (const client of clients) assert.equal((await client.closed()).code, 1012);
  assert.equal(await program.exit(), 0);
});

test("README.md lists every example, and every configuration among them is valid", () => {
  const list = read("README.md");
  for (const path of files) assert.ok(list.includes(`](${path})`), `${path} is listed`);
  for (const path of files.filter((file) => file.endsWith(".yaml") && !file.startsWith("tls/"))) {
    assert.deepEqual(loadConfig({ file: path, env: {}, cwd: EXAMPLES }).warnings, [], path);
  }
});
