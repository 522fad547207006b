/** What operators look at and type, against a running instance. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import test from "node:test";
import type { TestContext } from "node:test";

import type { AdminEvent, Move } from "../../src/admin/index.ts";
import { startEchoes } from "../kit/backends.ts";
import { urlsOf } from "../kit/balancer.ts";
import { needChromium, startBrowser } from "../kit/browser.ts";
import { lastly } from "../kit/cleanup.ts";
import { startLaden } from "../kit/laden.ts";
import { runProgram } from "../kit/processes.ts";
import { deadPort } from "../kit/scripts.ts";
import { until } from "../kit/until.ts";
import { apiOf, backendPath } from "./api.ts";
import { configFile, openInTurn, startFairlead, storm, type Fairlead } from "./command.ts";
import { rewrite, startWith } from "./reload.ts";

const COMMAND = fileURLToPath(new URL("../../bin/fairlead.cjs", import.meta.url));

/** Runs a command for operators to its end. */
const operate = async (
  t: TestContext,
  { admin }: Fairlead,
  ...args: readonly string[]
): Promise<{ code: number | null; text: string }> => {
  const address = admin.replace("http://", "");
  const program = runProgram(t, process.execPath, [COMMAND, ...args, "--admin", address]);
  const code = await program.exit();
  await until(() => program.child.stdout?.readableEnded === true, "all has been read");
  return { code, text: program.lines.join("\n") };
};

test("the commands for operators do what they say, and exit as they say", async (t) => {
  const backends = await startEchoes(t, 3);
  const [one = "", two = "", three = ""] = urlsOf(backends);
  const { file, fairlead } = await startWith(t, { backends: [one, two] }, ["--workers", "2"]);
  await openInTurn(t, fairlead.url, 8);

  const status = await operate(t, fairlead, "status");
  assert.equal(status.code, 0);
  assert.match(status.text, /running, up \S+, 2 workers/);
  assert.match(status.text, new RegExp(`${one} +active +healthy +1 +4 +50.0% `));

  const tunnels = await operate(t, fairlead, "tunnels", "--backend", `:${backends[1]?.port}`, "--json");
  assert.equal(tunnels.code, 0);
  assert.equal((JSON.parse(tunnels.text) as { total: number }).total, 4);

  const drain = await operate(t, fairlead, "drain", one, "--rate", "100", "--json");
  assert.equal(drain.code, 0);
  const moves = drain.text.split("\n").map((line) => JSON.parse(line) as Move);
  assert.deepEqual([moves.at(-1)?.state, moves.at(-1)?.moved, moves.at(-1)?.left], ["done", 4, 0]);
  assert.equal((await operate(t, fairlead, "drain", "ws://127.0.0.1:1")).code, 2);
  assert.equal((await operate(t, fairlead, "undrain", one)).code, 0);

  assert.equal((await operate(t, fairlead, "backend", "add", three)).code, 0);
  const rebalance = await operate(t, fairlead, "rebalance", "default", "--min-age", "1h", "--detach");
  assert.equal(rebalance.code, 0, rebalance.text);
  assert.equal((await operate(t, fairlead, "rebalance", "default", "--cancel")).code, 0);
  assert.equal((await operate(t, fairlead, "rebalance", "nowhere")).code, 2);

  rewrite(file, { backends: [one, { url: two, weight: 2 }], workers: 5 });
  const reload = await operate(t, fairlead, "reload");
  assert.equal(reload.code, 0);
  assert.match(reload.text, /reloaded, revision \d+[^]*weight: 1 -> 2/);
  rewrite(file, { backends: [one], drian: "1s" });
  const wrong = await operate(t, fairlead, "reload");
  assert.equal(wrong.code, 2);
  assert.match(wrong.text, /fairlead\.json:1:\d+: drian: .*drain/);
});

test("events come as they happen, and again from where a listener has been", async (t) => {
  const backends = await startEchoes(t, 2);
  const [one = "", two = ""] = urlsOf(backends);
  const fairlead = await startFairlead(t, [one, two, "--workers", "2"]);
  const api = apiOf(fairlead);
  const clients = await openInTurn(t, fairlead.url, 4);
  const read = async (after?: number): Promise<{ text(): string }> => {
    const stop = new AbortController();
    lastly(t, () => stop.abort());
    const headers = { Accept: "text/event-stream", ...(after !== undefined && { "Last-Event-ID": String(after) }) };
    const response = await fetch(`${fairlead.admin}/api/v1/events`, { headers, signal: stop.signal });
    let text = "";
    const follow = async (): Promise<void> => {
      for await (const chunk of response.body ?? []) text += Buffer.from(chunk).toString();
    };
    follow().catch(() => {});
    return { text: () => text };
  };
  const live = await read();
  const types = (text: string): string[] =>
    [...text.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => (JSON.parse(data) as AdminEvent).type);
  const before = (await api.events()).at(-1)?.id ?? 0;
  await api.ended(await api.ask<Move>("POST", "drains", { pool: "default", backend: one, rate: 100 }));
  await api.ask("PATCH", backendPath(one), { state: "active" });
  await backends[1]?.kill();
  await Promise.allSettled(clients.map((client) => client.closed()));
  const wanted = ["backend-changed", "move-started", "move-ended", "backend-changed"];
  await until(() => types(live.text()).length >= wanted.length, "they have come");
  assert.deepEqual(
    types(live.text()).filter((type) => wanted.includes(type)),
    wanted,
  );
  const late = await read(before);
  await until(() => types(late.text()).length >= wanted.length, "they come again");
  assert.deepEqual(types(late.text()).slice(0, wanted.length), wanted);
});

test("the dashboard shows a real instance under load, and drains a backend when somebody says so twice", async (t) => {
  if (!needChromium(t)) return;
  const backends = await startEchoes(t, 2);
  const [one = "", two = ""] = urlsOf(backends);
  const fairlead = await startFairlead(t, [one, two, "--workers", "2"]);
  const api = apiOf(fairlead);
  await openInTurn(t, fairlead.url, 10);
  const page = await (await startBrowser(t)).newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  await page.goto(`${fairlead.admin}/`);
  const row = page.locator(`tr[data-backend="${one}"]`);
  await row.getByText("5", { exact: true }).first().waitFor();
  const busy = storm(t, fairlead.url, 2);
  const short = one.replace("ws://", "");
  await page.getByRole("button", { name: `Drain ${short}`, exact: true }).click();
  assert.equal((await api.backend(one)).state, "active", "it asks first");
  await page.getByRole("button", { name: "Drain", exact: true }).click();
  await row.getByText("draining").waitFor();
  await until(async () => (await api.backend(one)).open === 0, "it is drained");
  await page.getByText(/drain d1 of .*: done, \d+ of \d+ moved/).waitFor();
  assert.ok((await busy.stop()) > 0);
  await fairlead.tunnels(5);
  const { tunnels } = await fairlead.status();
  await until(
    async () => new RegExp(`Tunnels\\s+${tunnels}\\b`).test(await page.getByLabel("Summary").innerText()),
    "as the API says",
  );
  assert.deepEqual(complaints, []);
});

test("the dashboard and the command line tell what the method goes by, and why a backend is not well", async (t) => {
  const laden = await startLaden(t, { delay: 40, load: "0.7" });
  const dead = `ws://127.0.0.1:${await deadPort()}`;
  const health = { failureThreshold: 1, cooldown: "10m", maxCooldown: "10m" };
  const pools = { default: { backends: [laden.url, dead], balance: "fastest", health } };
  const fairlead = await startFairlead(t, ["--config", configFile(t, { pools, workers: 2 })]);
  const busy = storm(t, fairlead.url, 2);
  const api = apiOf(fairlead);
  const stands = async (): Promise<boolean> =>
    (await api.backend(laden.url)).measured?.reported?.load === 0.7 &&
    ((await api.backend(laden.url)).flow?.messages.fromClient ?? 0) > 0 &&
    (await api.backend(dead)).health === "unhealthy";
  await until(stands, "all of it is known");
  const status = await operate(t, fairlead, "status");
  assert.match(status.text, /messages\/s +bytes\/s +handshake +says/);
  assert.match(status.text, new RegExp(`${laden.url} .* [\\d.]+m?s +70\\.0%`));
  assert.match(status.text, new RegExp(`${dead} .* it could not be connected to \\(for \\S+, \\S+ to go\\)`));
  const scraped = await (await fetch(`${fairlead.admin}/metrics`)).text();
  const labels = `\\{pool="default",backend="${laden.url}"\\}`;
  assert.match(scraped, new RegExp(`^fairlead_backend_reported_load_ratio${labels} 0\\.7$`, "m"));
  assert.match(scraped, new RegExp(`^fairlead_backend_handshake_seconds${labels} \\d+\\.\\d+$`, "m"));
  assert.doesNotMatch(scraped, /^fairlead_backend_activity\{/m);
  if (needChromium(t)) {
    const page = await (await startBrowser(t)).newPage();
    await page.goto(`${fairlead.admin}/`);
    const row = page.locator(`tr[data-backend="${laden.url}"]`);
    await row.getByText(/handshake [\d.]+ m?s · says 70 % of load/).waitFor();
    await page.getByText(/it could not be connected to \(since \S+, until \S+ at least\)/).waitFor();
  }
  await busy.stop();
});
