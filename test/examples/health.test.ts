/** The examples of health keep what their comments promise: the real command, and backends that are processes. */
import assert from "node:assert/strict";
import { join } from "node:path";
import test, { type TestContext } from "node:test";

import type { BackendStatus } from "../../src/index.ts";
import type { PoolStatus } from "../../src/metrics/index.ts";
import { authority, certificateFor } from "../kit/certs.ts";
import { openWs, whose } from "../kit/clients.ts";
import { startDelayer } from "../kit/delayer.ts";
import { programFile, runProgram, type Program } from "../kit/processes.ts";
import { needTool } from "../kit/tools.ts";
import { until } from "../kit/until.ts";
import { apiOf, type Api } from "../supervisor/api.ts";
import { startFairlead, type Fairlead } from "../supervisor/command.ts";
import { EXAMPLES } from "./start.ts";

const run = (t: TestContext, file: string, env: NodeJS.ProcessEnv): Promise<Fairlead> =>
  startFairlead(t, ["--config", join(EXAMPLES, "health", file), "--workers", "2"], env);

interface Server extends Program {
  readonly port: number;
  readonly page: number;
  /** Makes it behave otherwise. */
  tell(line: string): void;
}

const startServer = async (t: TestContext, name: string, port = 0, env: NodeJS.ProcessEnv = {}): Promise<Server> => {
  const program = runProgram(t, process.execPath, [programFile("probed.ts"), name, `${port}`], env);
  const [, bound, page] = await program.line(/^listening (\d+) (\d+)$/);
  const tell = (line: string): void => void program.child.stdin?.write(`${line}\n`);
  return { ...program, port: Number(bound), page: Number(page), tell };
};

const backendOf = ({ get }: Api, url: string, pool = "chat"): Promise<BackendStatus> =>
  get<BackendStatus>(`pools/${pool}/backends/${encodeURIComponent(url)}`);

/** Gives the reason. */
const becomes = async (api: Api, url: string, health: BackendStatus["health"], pool = "chat"): Promise<string> => {
  let reason = "";
  await until(async () => {
    const status = await backendOf(api, url, pool);
    reason = status.reason;
    return status.health === health;
  }, `${url} is ${health}`);
  return reason;
};

const PACE = { INTERVAL: "200ms", TIMEOUT: "2s", COOLDOWN: "100ms" };

test("health/probes.yaml: who hangs, is mute or is gone is found out before any client is, and comes back", async (t) => {
  const [one, two] = await Promise.all([startServer(t, "one"), startServer(t, "two")]);
  const [url, other] = [`ws://127.0.0.1:${one.port}`, `ws://127.0.0.1:${two.port}`];
  const fairlead = await run(t, "probes.yaml", { ...PACE, BACKEND_1: url, BACKEND_2: other });
  const api = apiOf(fairlead);
  const met = async (): Promise<string> => whose(await openWs(t, fairlead.url));
  const goesAround = (): Promise<void> =>
    until(async () => {
      for (let at = 0; at < 4; at += 1) if ((await met()) !== "two") return false;
      return true;
    }, "all clients meet the other one");
  one.freeze();
  assert.equal(await becomes(api, url, "unhealthy"), "2 probes in a row failed, the last: no answer in time");
  await goesAround();
  one.thaw();
  await becomes(api, url, "healthy");
  one.tell("mute");
  assert.equal(await becomes(api, url, "unhealthy"), "2 probes in a row failed, the last: no answer in time");
  await goesAround();
  one.tell("heard");
  await becomes(api, url, "healthy");
  await one.kill();
  assert.match(await becomes(api, url, "unhealthy"), /^2 probes in a row failed, the last: .*ECONNREFUSED/);
  await goesAround();
  await startServer(t, "one again", one.port);
  await becomes(api, url, "healthy");
  await until(async () => (await met()) === "one again", "it is used again");
  assert.equal((await backendOf(api, other)).flaps, 0, "the other one has been well all the time");
});

test("health/probes.yaml: a page without TLS at its own port decides over a backend with TLS", async (t) => {
  if (!needTool(t, "openssl", "/usr/bin/openssl")) return;
  const { certFile: CERT, keyFile: KEY } = certificateFor(["127.0.0.1"]);
  const TOKEN = "a token that nobody guesses";
  const games = await startServer(t, "games", 0, { CERT, KEY, TOKEN });
  const url = `wss://127.0.0.1:${games.port}`;
  const fairlead = await run(t, "probes.yaml", {
    ...PACE,
    ...{ GAMES: url, GAMES_PAGE: `${games.page}`, PROBE_TOKEN: TOKEN, NODE_EXTRA_CA_CERTS: authority().certFile },
  });
  const api = apiOf(fairlead);
  games.tell("503");
  assert.equal(await becomes(api, url, "unhealthy", "games"), "2 probes in a row failed, the last: it answered 503");
  games.tell("429");
  await becomes(api, url, "healthy", "games");
  await until(
    async () => (await openWs(t, `${fairlead.url}/games`).then(whose, () => "nobody")) === "games",
    "workers know that it is back",
  );
  assert.doesNotMatch(JSON.stringify(await api.get("config")), /nobody guesses/);
});

/** An echo backend as a process of its own. */
const startEchoChild = async (t: TestContext, name: string, port = 0) => {
  const program = runProgram(t, process.execPath, [programFile("echo.ts"), name, `${port}`]);
  const bound = Number((await program.line(/^listening (\d+)/))[1]);
  return { ...program, port: bound, url: `ws://127.0.0.1:${bound}` };
};

/** The same, as slow as it is told to be. */
const startSlow = async (t: TestContext, name: string, delay: number) => {
  const { port } = await startEchoChild(t, name);
  const way = await startDelayer(t, port, delay);
  return { way, url: way.url };
};

test("health/outliers.yaml: the slowest is ejected, one of three at most, and the second time for twice as long", async (t) => {
  const [steady, slow, slower] = await Promise.all([
    startSlow(t, "steady", 0),
    startSlow(t, "slow", 0),
    startSlow(t, "slower", 300),
  ]);
  const fairlead = await run(t, "outliers.yaml", {
    ...{ BACKEND_1: steady.url, BACKEND_2: slow.url, BACKEND_3: slower.url },
    ...{ WINDOW: "3s", SAMPLES: "4", EJECTION: "6s" },
  });
  const api = apiOf(fairlead);
  const ejections = async (): Promise<number> =>
    (await api.events()).filter(({ type, backend }) => type === "backend-ejected" && backend === slower.url).length;
  const trafficUntilEjected = async (times: number): Promise<void> =>
    until(async () => {
      const clients = await Promise.all(Array.from({ length: 6 }, () => openWs(t, fairlead.url)));
      await Promise.all(clients.map((client) => client.bye()));
      return (await ejections()) >= times;
    }, `${times} ejections`);
  const lastingOf = async (): Promise<number> => {
    const { health, since, outUntil, reason } = await backendOf(api, slower.url);
    assert.equal(health, "ejected");
    assert.match(reason, /^handshakes are answered after .*, by the others after /);
    return Math.round((Date.parse(outUntil ?? "") - Date.parse(since)) / 1_000);
  };
  await trafficUntilEjected(1);
  assert.equal(await lastingOf(), 6);
  await becomes(api, slower.url, "healthy");
  await trafficUntilEjected(2);
  assert.equal(await lastingOf(), 12);
  // Another one that is slow as well has to stay: of three one may be out.
  slow.way.delay = 300;
  for (let turn = 0; turn < 6; turn += 1) {
    const clients = await Promise.all(Array.from({ length: 6 }, () => openWs(t, fairlead.url)));
    await Promise.all(clients.map((client) => client.bye()));
    const { backends } = await api.get<PoolStatus>("pools/chat");
    assert.ok(backends.filter(({ health }) => health === "ejected").length <= 1);
  }
});

test("health/outliers.yaml: when nobody is well all are tried, and /healthz says so with 200", async (t) => {
  const echoes = await Promise.all(["one", "two", "three"].map((name) => startEchoChild(t, name)));
  const [one, two, three] = echoes.map(({ url }) => url);
  const fairlead = await run(t, "outliers.yaml", { BACKEND_1: one, BACKEND_2: two, BACKEND_3: three });
  const health = async (): Promise<readonly [number, string]> => {
    const response = await fetch(`${fairlead.admin}/healthz`);
    return [response.status, ((await response.json()) as { status: string }).status]; // its own answer
  };
  const visitor = (): Promise<string> => openWs(t, fairlead.url).then(whose, () => "nobody");
  assert.deepEqual(await health(), [200, "healthy"]);
  await Promise.all(echoes.map((echo) => echo.kill()));
  await until(async () => (await visitor()) === "nobody" && (await health())[1] !== "healthy", "nobody is well");
  assert.deepEqual(await health(), [200, "panicking"]);
  await startEchoChild(t, "back", echoes[0]?.port);
  await until(async () => (await visitor()) === "back", "it is tried");
});
