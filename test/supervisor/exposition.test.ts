/** Metrics over a pool with real tunnels, and what they are called. */
import assert from "node:assert/strict";
import test from "node:test";
import type { TestContext } from "node:test";
import { silentLogger } from "../../src/base/index.ts";
import { parseConfig } from "../../src/config/index.ts";
import type { ConfigInput } from "../../src/config/index.ts";
import { METRICS } from "../../src/supervisor/metrics-table.ts";
import { runInstance } from "../../src/supervisor/instance.ts";
import { startEcho } from "../kit/backends.ts";
import { lastly } from "../kit/cleanup.ts";
import { openWs, refusedWs } from "../kit/clients.ts";
import { ask } from "../kit/http.ts";
import { until } from "../kit/until.ts";
import { readScrape } from "./scrape.ts";
import type { Scrape } from "./scrape.ts";

const start = async (t: TestContext, input: ConfigInput, processes = false) => {
  const { config } = parseConfig({ listen: "127.0.0.1:0", admin: "off", log: { access: false }, ...input });
  const instance = await runInstance(config, { logger: silentLogger, onRecord: () => {}, processes });
  lastly(t, async () => void (await instance.drain(0)));
  const port = instance.addresses[0]?.port ?? 0;
  const scrape = async (accept?: string): Promise<Scrape> => readScrape((await instance.metrics(accept)).text);
  return { instance, url: `ws://127.0.0.1:${port}`, origin: `http://127.0.0.1:${port}`, scrape };
};

/** Bytes on the wire of a short message: unmasked from a backend, masked from a client. */
const [UNMASKED, MASKED] = [2, 6];
const CLOSE_BODY = 2;

test("a scrape tells exactly what tunnels over two workers have done, those that are open included", async (t) => {
  const backend = await startEcho(t, { name: "one" });
  const { url, scrape } = await start(t, { backends: [backend.url], workers: 2 }, true);
  const at = `pool="default",backend="${backend.url}"`;
  const [first, second] = [await openWs(t, url), await openWs(t, url)];
  await first.ask("hello");
  await first.ask("world");
  await second.ask("x".repeat(100));

  const open = await scrape();
  const { samples } = open;
  assert.equal(samples.get(`fairlead_tunnels{${at}}`), 2);
  assert.equal(samples.get(`fairlead_tunnels_opened_total{${at}}`), 2);
  assert.equal(samples.get(`fairlead_handshakes_total{pool="default",outcome="opened"}`), 2);
  assert.equal(samples.get(`fairlead_dials_total{${at},outcome="upgraded"}`), 2);
  assert.equal(samples.get(`fairlead_tunnel_messages_total{${at},direction="from_client"}`), 3);
  assert.equal(samples.get(`fairlead_tunnel_messages_total{${at},direction="from_backend"}`), 3);
  assert.equal(samples.get(`fairlead_tunnel_bytes_total{${at},direction="from_client"}`), 110 + 3 * MASKED);
  assert.equal(samples.get(`fairlead_tunnel_bytes_total{${at},direction="from_backend"}`), 110 + 3 * UNMASKED);
  assert.equal(samples.get(`fairlead_frame_size_bytes_bucket{direction="from_client",le="16"}`), 2);
  assert.equal(samples.get(`fairlead_frame_size_bytes_bucket{direction="from_client",le="64"}`), 2);
  assert.equal(samples.get(`fairlead_frame_size_bytes_bucket{direction="from_client",le="128"}`), 3);
  assert.equal(samples.get(`fairlead_frame_size_bytes_sum{direction="from_client"}`), 110);
  assert.equal(samples.get(`fairlead_frame_size_bytes_count{direction="from_client"}`), 3);
  assert.equal(samples.get(`fairlead_backend_healthy{${at}}`), 1);
  assert.equal(samples.get("fairlead_workers"), 2);
  for (const worker of ["1", "2", "supervisor"]) {
    assert.ok((samples.get(`fairlead_process_resident_memory_bytes{worker="${worker}"}`) ?? 0) > 0);
    assert.ok(samples.has(`fairlead_worker_event_loop_delay_seconds{worker="${worker}",statistic="p99"}`));
  }

  await first.bye(1000);
  const closed = `fairlead_tunnels_closed_total{${at},initiator="client",cause="client-close",code="1000"}`;
  let ended = open;
  await until(async () => (ended = await scrape()).samples.get(closed) === 1, "the end of a tunnel is counted");
  assert.equal(ended.samples.get(`fairlead_tunnels{${at}}`), 1);
  for (const leg of ["client", "backend"]) {
    for (const direction of ["told", "heard"]) {
      const key = `fairlead_closes_total{pool="default",leg="${leg}",direction="${direction}",code="1000"}`;
      assert.equal(ended.samples.get(key), 1);
    }
  }
  const bytes = 110 + 3 * MASKED + CLOSE_BODY + MASKED;
  assert.equal(ended.samples.get(`fairlead_tunnel_bytes_total{${at},direction="from_client"}`), bytes);
  assert.equal(ended.samples.get(`fairlead_tunnel_duration_seconds_count{pool="default"}`), 1);
  assertGrown(open, ended);
  await second.bye();
});

/** Whatever only grows has not shrunk. */
const assertGrown = (before: Scrape, after: Scrape): void => {
  for (const [key, value] of before.samples) {
    if (/_(?:total|count|bucket|sum)(?:\{|$)/.test(key)) assert.ok((after.samples.get(key) ?? 0) >= value, key);
  }
};

test("the time of a WebSocket is in no latency of HTTP, and refusals are counted by what they are", async (t) => {
  const backend = await startEcho(t, { name: "one" });
  const routes = [{ name: "chat", match: { path: "/chat" }, pool: "chat" }];
  const { url, origin, scrape } = await start(t, {
    pools: { chat: { backends: [backend.url] }, idle: { backends: [backend.url] } },
    routes,
  });
  const client = await openWs(t, `${url}/chat`);
  await ask(t, `${origin}/chat`);
  await refusedWs(t, `${url}/nowhere`);
  await client.bye();
  await until(
    async () => (await scrape()).samples.get(`fairlead_tunnel_duration_seconds_count{pool="chat"}`) === 1,
    "the end",
  );
  const { samples } = await scrape();
  assert.equal(samples.get(`fairlead_http_requests_total{pool="chat",status="2xx"}`), 1);
  assert.equal(samples.get(`fairlead_http_request_duration_seconds_count{pool="chat"}`), 1);
  assert.equal(samples.get(`fairlead_http_body_bytes_total{pool="chat",direction="from_backend"}`), 3);
  assert.equal(samples.get(`fairlead_handshakes_total{pool="",outcome="NO_ROUTE"}`), 1);
  assert.equal(samples.get(`fairlead_handshake_duration_seconds_count{pool="",outcome="refused"}`), 1);
});

test("heartbeats of both legs are counted with their round-trip times", async (t) => {
  const backend = await startEcho(t, { name: "one" });
  const { url, scrape } = await start(t, { backends: [backend.url], tunnel: { heartbeat: { interval: "1s" } } });
  const client = await openWs(t, url);
  for (const leg of ["client", "backend"]) {
    const count = async () => (await scrape()).samples.get(`fairlead_heartbeat_rtt_seconds_count{leg="${leg}"}`) ?? 0;
    await until(async () => (await count()) > 0, `a heartbeat of the ${leg}`);
  }
  await client.bye();
});

test("clients cannot make series: codes are known ones or other, and paths are no labels", async (t) => {
  const backend = await startEcho(t, { name: "one" });
  const { url, scrape } = await start(t, { backends: [backend.url] });
  const codes = [3000, 3333, 4000, 4242, 4999];
  for (const code of codes) await (await openWs(t, `${url}/${code}?"} 1\\nfairlead_forged 1`)).bye(code);
  const at = `pool="default",backend="${backend.url}"`;
  const other = `fairlead_tunnels_closed_total{${at},initiator="client",cause="client-close",code="other"}`;
  await until(async () => (await scrape()).samples.get(other) === codes.length, "all ends are counted");
  const { text, samples } = await scrape();
  assert.doesNotMatch(text, /forged|code="[34]/);
  const before = samples.size;
  for (const code of codes) await (await openWs(t, `${url}/more/${code}`)).bye(code - 1 > 3000 ? code - 1 : 3001);
  await until(async () => (await scrape()).samples.get(other) === 2 * codes.length, "all ends are counted");
  assert.equal((await scrape()).samples.size, before);
});

test("names, units and help of all metrics follow Prometheus's conventions", async (t) => {
  const backend = await startEcho(t, { name: "one" });
  const { scrape } = await start(t, { backends: [backend.url] });
  const { types, help } = await scrape();
  assert.deepEqual(
    [...types.keys()],
    METRICS.map(({ name }) => name),
  );
  for (const { name, type, help: text, labels } of METRICS) {
    assert.match(name, /^fairlead_[a-z]+(?:_[a-z]+)*$/);
    assert.equal(types.get(name), type);
    assert.equal(help.get(name), text);
    assert.match(text, /^[A-Z0-9].*\.$/, name);
    assert.equal(name.endsWith("_total"), type === "counter", `${name}: _total is for counters, and for all of them`);
    assert.doesNotMatch(
      name,
      /_(?:ms|milliseconds|minutes|kilobytes|megabytes|kb|mb|percent)(?:_|$)/,
      "base units only",
    );
    if (type === "histogram") assert.match(name, /_(?:seconds|bytes)$/);
    for (const label of labels) {
      assert.match(label, /^[a-z]+(?:_[a-z]+)*$/);
      assert.ok(!["le", "quantile", "job", "instance"].includes(label), `${name}: ${label} means something else`);
    }
  }
  assert.equal(new Set(METRICS.map(({ name }) => name)).size, METRICS.length);
});

test("who asks for OpenMetrics gets it, ended as it should be", async (t) => {
  const backend = await startEcho(t, { name: "one" });
  const { instance, url } = await start(t, { backends: [backend.url] });
  await (await openWs(t, url)).ask("hello");
  const { contentType, text } = await instance.metrics("application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
  assert.equal(contentType, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  assert.ok(text.endsWith("# EOF\n"));
  assert.match(text, /^# TYPE fairlead_tunnels_opened counter$/m);
  assert.match(text, /^fairlead_tunnels_opened_total\{.*\} 1$/m);
  const plain = await instance.metrics("text/plain");
  assert.equal(plain.contentType, "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(readScrape(plain.text).samples.size, readScrape(text).samples.size);
});
