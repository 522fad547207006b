/** The file changes: what comes into force, what does not, and who is told. */
import assert from "node:assert/strict";
import { copyFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { TestContext } from "node:test";
import { connect, type PeerCertificate } from "node:tls";

import { startEcho, startEchoes } from "../kit/backends.ts";
import { urlsOf } from "../kit/balancer.ts";
import { authority, certificateFor, type Certificate } from "../kit/certs.ts";
import { lastly } from "../kit/cleanup.ts";
import { openWs, refusedWs, whose } from "../kit/clients.ts";
import { until, within } from "../kit/until.ts";
import { apiOf } from "./api.ts";
import { configFile, openInTurn, startFairlead, temporaryFolder } from "./command.ts";
import { rewrite, startFromFile, startWith } from "./reload.ts";

/** The certificate that a new handshake gets. */
const certificateAt = async (t: TestContext, port: number): Promise<PeerCertificate> => {
  const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false });
  lastly(t, () => void socket.destroy());
  await within(new Promise((resolve) => socket.once("secureConnect", resolve)), "a TLS connection");
  const certificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate;
};

/** Puts a certificate in the place of another, key and all, as tools that renew them do. */
const place = ({ certFile, keyFile }: Certificate, folder: string): void => {
  for (const [from, to] of [
    [certFile, "tls.pem"],
    [keyFile, "tls.key"],
  ] as const) {
    copyFileSync(from, join(folder, `${to}.new`));
    renameSync(join(folder, `${to}.new`), join(folder, to));
  }
};

for (const [workers, how] of [
  ["1", "reload"],
  ["2", "reload"],
  ["2", "watch"],
] as const) {
  test(`a certificate is replaced in place: new handshakes get it, open wss tunnels go on (${workers} workers, ${how})`, async (t) => {
    const [first, second] = [certificateFor(["127.0.0.1"]), certificateFor(["127.0.0.1", "localhost"])];
    const folder = temporaryFolder(t);
    place(first, folder);
    const backend = await startEcho(t);
    const tls = { certificates: [{ cert: join(folder, "tls.pem"), key: join(folder, "tls.key") }] };
    const listen = [{ address: "127.0.0.1:0", tls }];
    const config = { listen, admin: "127.0.0.1:0", backends: [backend.url], log: { format: "json" } };
    const file = configFile(t, { ...config, watch: how === "watch" });
    const fairlead = await startFromFile(t, file, ["--workers", workers]);
    const url = `wss://127.0.0.1:${fairlead.port}`;
    const ca = authority().cert;
    const clients = [await openWs(t, url, { ca }), await openWs(t, url, { ca })];
    const before = await certificateAt(t, fairlead.port);
    place(second, folder);
    if (how === "reload") assert.equal((await apiOf(fairlead).reload()).outcome, "reloaded");
    else await fairlead.log("the configuration has been reloaded");
    for (let at = 0; at < 4; at += 1) {
      const now = await certificateAt(t, fairlead.port);
      assert.notEqual(now.fingerprint256, before.fingerprint256);
      assert.match(now.subjectaltname ?? "", /DNS:localhost/);
    }
    for (const client of clients) assert.equal(await client.ask("still here"), "still here");
    assert.equal(await (await openWs(t, url, { ca })).ask("new"), "new");
  });
}

test("a bad file changes nothing, and log, API and event say why, and where in the file", async (t) => {
  const backend = await startEcho(t);
  const { file, fairlead, api } = await startWith(t, { backends: [backend.url] }, ["--workers", "2"]);
  const client = await openWs(t, fairlead.url);
  const config = await api.get("config");
  rewrite(file, `{ "backends": ["${backend.url}"],\n  "worker": 3, "drain": "soon" }`);
  const { status, code, problems } = await api.refused("POST", "reload");
  assert.deepEqual([status, code], [422, "CONFIG_INVALID"]);
  assert.deepEqual(problems.map(({ path }) => path).toSorted(), ["drain", "worker"]);
  fairlead.child.kill("SIGHUP");
  const failures = async () => (await api.events()).filter(({ type }) => type === "reload-failed");
  await until(async () => (await failures()).length === 2, "both have failed");
  const [event] = await failures();
  assert.match(event?.message ?? "", /fairlead\.json:2:\d+: worker: .*workers/);
  const line = fairlead.logged().find(({ msg }) => msg.startsWith("the reload has failed"));
  assert.match(line?.msg ?? "", /^the reload has failed, and nothing has changed:\n.*fairlead\.json:2:\d+: drain: /s);
  rewrite(file, "{ backends: [");
  assert.equal((await api.refused("POST", "reload")).status, 422);
  rewrite(file, { backends: [backend.url], listen: ["127.0.0.1:0"], pools: { other: { backends: [] } } });
  assert.equal((await api.refused("POST", "reload")).status, 422);
  assert.deepEqual(await api.get("config"), config);
  assert.equal(await client.ask("still here"), "still here");
  assert.equal(await (await openWs(t, fairlead.url)).ask("new"), "new");
});

test("an address that is taken changes nothing either, nor one that is free beside it", async (t) => {
  const backend = await startEcho(t);
  const config = { listen: ["127.0.0.1:0"], admin: "127.0.0.1:0", backends: [backend.url], log: { format: "json" } };
  const file = configFile(t, config);
  const fairlead = await startFromFile(t, file, ["--workers", "2"]);
  const api = apiOf(fairlead);
  rewrite(file, { ...config, listen: ["127.0.0.1:0", "127.0.0.2:0", `127.0.0.1:${backend.port}`], drain: "3s" });
  const { status, code, message } = await api.refused("POST", "reload");
  assert.ok(status >= 409, String(status));
  assert.deepEqual(
    [code, message.includes(`127.0.0.1:${backend.port} cannot be listened on`)],
    ["LISTEN_FAILED", true],
  );
  assert.equal((await fairlead.status()).listeners.length, 1);
  assert.equal(await (await openWs(t, fairlead.url)).ask("served"), "served");
  rewrite(file, { ...config, drain: "3s" });
  assert.deepEqual((await api.reload()).changes.length, 1);
});

test("what needs a restart is named, at each reload again, and stays as it was", async (t) => {
  const backend = await startEcho(t);
  const { file, fairlead, api } = await startWith(t, { backends: [backend.url] }, []);
  const workers = await fairlead.workers();
  rewrite(file, { backends: [backend.url], log: { accessFormat: "combined" }, drain: "3s" });
  const first = await api.reload();
  assert.equal(first.outcome, "reloaded");
  assert.deepEqual([first.changes.length, first.needsRestart.length], [1, 1]);
  assert.match(first.changes[0] ?? "", /drain: 10s -> 3s/);
  assert.match(first.needsRestart[0] ?? "", /log\.accessFormat: "?json"? -> "?combined"? .*until a restart/);
  const second = await api.reload();
  assert.deepEqual([second.outcome, second.changes, second.needsRestart], ["unchanged", [], first.needsRestart]);
  assert.equal(second.revision, first.revision);
  await (await openWs(t, fairlead.url)).bye();
  await fairlead.log("tunnel");
  assert.deepEqual(await fairlead.workers(), workers);
});

for (const workers of ["1", "2"]) {
  test(`the level of the log and which records are lines change at once, in every process (${workers} workers)`, async (t) => {
    const backend = await startEcho(t);
    const config = (log: object) => ({ backends: [backend.url], log });
    const { fairlead, reload } = await startWith(t, config({ level: "info" }), ["--workers", workers]);
    const use = async (): Promise<void> => {
      for (const client of await openInTurn(t, fairlead.url, 4)) await client.bye();
      await fairlead.tunnels(0);
    };
    const records = () => fairlead.logged().filter(({ msg }) => msg === "tunnel");
    await use();
    await until(() => records().length === 4, "4 records");
    await reload(config({ level: "error" }));
    await use();
    await reload(config({ level: "info", access: "off" }));
    await use();
    await reload(config({ level: "info", access: "all" }));
    await use();
    await until(() => records().length >= 12, "8 more records: of those before none has left a line");
    assert.equal(records().length, 12);
    const phases = records().map(({ phase }) => phase);
    assert.deepEqual([phases.filter((phase) => phase === "open").length, phases.length], [4, 12]);
    if (workers === "2") assert.equal(new Set(records().map(({ worker }) => worker)).size, 2);
  });
}

test("health, counters and the secret that was made live on; a secret in the file makes cookies unknown", async (t) => {
  const [one, two] = await startEchoes(t, 2);
  assert.ok(one && two);
  const health = { failureThreshold: 1, cooldown: "1h", maxCooldown: "1h" };
  const pool = { backends: urlsOf([one, two]), affinity: "cookie", balance: "round-robin", health };
  const { fairlead, reload, api } = await startWith(t, { pools: { default: pool } }, ["--workers", "2"]);
  const client = await openWs(t, fairlead.url);
  const kept = await whose(client);
  const cookie = (client.answer?.headers["set-cookie"]?.[0] ?? "").split(";")[0] ?? "";
  const away = kept === "one" ? two : one;
  await away.kill();
  while ((await api.backend(away.url)).health === "healthy")
    assert.equal(await whose(await openWs(t, fairlead.url)), kept);
  const { failures, since } = await api.backend(away.url);
  await reload({ pools: { default: { ...pool, drain: { rate: 7 } } }, drain: "3s" });
  const after = await api.backend(away.url);
  assert.deepEqual([after.health, after.failures, after.since], ["unhealthy", failures, since]);
  const again = await openWs(t, fairlead.url, { headers: { Cookie: cookie } });
  assert.equal(again.answer?.headers["set-cookie"], undefined, "the cookie is known");
  await reload({ pools: { default: pool }, secret: "a secret of at least thirty-two characters" });
  for (let at = 0; at < 4; at += 1) {
    const renewed = await openWs(t, fairlead.url, { headers: { Cookie: cookie } });
    assert.ok(renewed.answer?.headers["set-cookie"]?.[0]?.startsWith("fairlead="));
  }
});

test("more or fewer tunnels are allowed at once; those that are open stay, even when they are too many", async (t) => {
  const backend = await startEcho(t);
  const config = (maxTunnels: number) => ({ backends: [backend.url], limits: { maxTunnels } });
  const { fairlead, reload } = await startWith(t, config(4), ["--workers", "2"]);
  const clients = await openInTurn(t, fairlead.url, 4);
  assert.equal((await refusedWs(t, fairlead.url)).status, 503);
  await reload(config(6));
  clients.push(...(await openInTurn(t, fairlead.url, 2)));
  assert.equal((await refusedWs(t, fairlead.url)).status, 503);
  await reload(config(2));
  for (const client of clients) assert.equal(await client.ask("still here"), "still here");
  assert.equal((await refusedWs(t, fairlead.url)).status, 503);
  assert.equal((await fairlead.status()).maxTunnels, 2);
  await Promise.all(clients.map((client) => client.bye()));
  await fairlead.tunnels(0);
  await openInTurn(t, fairlead.url, 2);
  assert.equal((await refusedWs(t, fairlead.url)).status, 503);
});

test("SIGHUP reloads the file; without a file it ends the process as SIGTERM does", async (t) => {
  const backends = await startEchoes(t, 2);
  const [one, two] = urlsOf(backends);
  const { file, fairlead } = await startWith(t, { backends: [one] }, ["--workers", "2"]);
  rewrite(file, { backends: [one, two] });
  fairlead.child.kill("SIGHUP");
  await fairlead.log("the configuration has been reloaded");
  const names = await Promise.all((await openInTurn(t, fairlead.url, 2)).map(whose));
  assert.deepEqual(names.toSorted(), ["one", "two"]);
  const bare = await startFairlead(t, [String(one), "--workers", "1", "--drain", "1ms"]);
  assert.equal((await apiOf(bare).refused("POST", "reload")).status, 409);
  const client = await openWs(t, bare.url);
  bare.child.kill("SIGHUP");
  assert.equal((await client.closed()).code, 1012);
  assert.equal(await bare.exit(), 0);
});
