/** The examples about routes, tunnels, proxies and TLS keep what their comments promise. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { TLSSocket } from "node:tls";

import { startEcho } from "../kit/backends.ts";
import { lastly } from "../kit/cleanup.ts";
import { openWs, refusedWs, whose } from "../kit/clients.ts";
import { needTool } from "../kit/tools.ts";
import { until } from "../kit/until.ts";
import { EXAMPLES, met, startExample } from "./start.ts";

test("routes.yaml: the most specific route wins", async (t) => {
  const names = ["chat", "beta", "games", "rest"];
  const backends = await Promise.all(names.map((name) => startEcho(t, { name })));
  const variables = Object.fromEntries(backends.map(({ name, url }) => [name.toUpperCase(), url]));
  const example = await startExample(t, "routes/routes.yaml", variables);
  const meets = async (path: string, headers: Record<string, string> = {}): Promise<string> =>
    met(t, example, { path, headers });
  assert.equal(await meets("/chat/7"), "chat");
  assert.equal(await meets("/chat/7", { "X-Beta": "1" }), "beta");
  assert.equal(await meets("/table-12"), "games");
  assert.equal(await meets("/table-x"), "rest");
  assert.equal(await meets("/lobby"), "games");
  assert.equal(await meets("/lobby/2"), "rest");
  assert.equal(await meets("/chat", { Host: "a.games.test:8080" }), "games");
  assert.equal(await meets("/", { Host: "games.test" }), "rest");
});

test("limits.yaml: silent peers are pinged, idle tunnels end with 1001, and each route has its own greatest message", async (t) => {
  const backend = await startEcho(t, { name: "live" });
  const variables = { BACKEND: backend.url, INTERVAL: "100ms", TIMEOUT: "10s", IDLE: "1500ms" };
  const example = await startExample(t, "tunnel/limits.yaml", variables);
  const idle = await openWs(t, example.url);
  let pings = 0;
  idle.socket.on("ping", () => (pings += 1));
  assert.equal((await idle.closed()).code, 1001);
  assert.ok(pings > 0, "it was pinged before its time was over");
  await until(() => example.records.some(({ tunnel }) => tunnel?.cause === "idle"), "its record");
  const large = "x".repeat(64 * 1024);
  const upload = await openWs(t, `${example.url}/upload`);
  assert.equal((await upload.ask(large)).length, large.length);
  const notices = await openWs(t, `${example.url}/notices`);
  notices.socket.send(large);
  assert.equal((await notices.closed()).code, 1009);
});

test("behind-a-proxy.yaml: what a trusted proxy says of the client is believed and passed on", async (t) => {
  const backend = await startEcho(t, { name: "one" });
  const headers = {
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "chat.example",
  };
  for (const [proxy, client, scheme] of [
    ["127.0.0.1", "203.0.113.9", "https"],
    ["192.0.2.0/24", "127.0.0.1", "http"],
  ] as const) {
    const example = await startExample(t, "proxy/behind-a-proxy.yaml", { BACKEND: backend.url, PROXY: proxy });
    await (await openWs(t, example.url, { headers })).bye();
    await until(() => example.records.length === 1, "its record");
    assert.equal(example.records[0]?.client, client);
    const got = backend.handshakes.at(-1)?.headers ?? {};
    assert.equal(got["x-forwarded-proto"], scheme);
    assert.equal(got["x-forwarded-for"], proxy === "127.0.0.1" ? "203.0.113.9, 127.0.0.1" : "127.0.0.1");
  }
});

/** The folder of the TLS examples with the certificates that its own script makes; a copy, put away at the end. */
const tlsFolder = (t: TestContext): string | undefined => {
  if (!needTool(t, "openssl", "/usr/bin/openssl")) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "fairlead-tls-"));
  lastly(t, () => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(EXAMPLES, "tls"), folder, { recursive: true });
  execFileSync(join(folder, "certificates.sh"), { stdio: "pipe" });
  return folder;
};

test("tls/listener.yaml: wss clients get the certificate of the name that they ask for", async (t) => {
  const folder = tlsFolder(t);
  if (folder === undefined) return;
  const backend = await startEcho(t, { name: "plain" });
  const example = await startExample(t, join(folder, "listener.yaml"), { BACKEND: backend.url });
  assert.match(example.url, /^wss:/);
  const ca = readFileSync(join(folder, "ca.pem"));
  for (const [servername, subject] of [
    ["chat.test", "chat.test"],
    ["games.test", "games.test"],
    ["poker.games.test", "games.test"],
  ] as const) {
    // The name is verified against the certificate: a wrong one would end the handshake. The types of ws do not know it.
    const options = { ca, servername };
    const client = await openWs(t, `wss://127.0.0.1:${example.port}/`, options);
    assert.equal(await whose(client), "plain");
    const socket = client.answer?.socket;
    assert.ok(socket instanceof TLSSocket);
    assert.equal(socket.getPeerCertificate().subject.CN, subject);
  }
  assert.equal(backend.handshakes[0]?.headers["x-forwarded-proto"], "https");
});

test("tls/backends.yaml: a backend is verified against the own authority, by the name that the file gives", async (t) => {
  const folder = tlsFolder(t);
  if (folder === undefined) return;
  const pem = (name: string): string => readFileSync(join(folder, name), "utf8");
  const issued = (name: string) => ({
    certFile: join(folder, `${name}.pem`),
    keyFile: join(folder, `${name}.key`),
    cert: pem(`${name}.pem`),
    key: pem(`${name}.key`),
  });
  const right = await startEcho(t, { name: "right", tls: issued("backend.test") });
  const wrong = await startEcho(t, { name: "wrong", tls: issued("chat.test") });
  const example = await startExample(t, join(folder, "backends.yaml"), { BACKEND: right.url });
  assert.equal(await met(t, example), "right");
  const other = await startExample(t, join(folder, "backends.yaml"), { BACKEND: wrong.url });
  assert.equal((await refusedWs(t, other.url)).status, 503);
  assert.equal(other.records[0]?.error, "BACKEND_TLS");
});
