import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  type Config,
  configCandidates,
  ConfigError,
  type Environment,
  explainConfig,
  loadConfig,
  type LoadOptions,
  watchedFiles,
} from "../../src/config/index.ts";
import { certificateFor } from "../kit/certs.ts";
import { needTool } from "../kit/tools.ts";

/** Loads from files that exist only here. */
function load(files: Readonly<Record<string, string>>, options: Partial<LoadOptions> = {}) {
  const readFile = (path: string): string => {
    const text = files[path];
    if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
    return text;
  };
  return loadConfig({ env: {}, cwd: "/srv/app", home: "/home/me", readFile, ...options });
}

function loadYaml(text: string, options: Partial<LoadOptions> = {}) {
  return load({ "/srv/app/fairlead.yaml": text }, options);
}

function mistakes(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split("\n");
    throw error;
  }
  return [];
}

function urls(config: Config, pool = "default"): string[] | undefined {
  return config.pools[pool]?.backends.map(({ name }) => name);
}

const backendsOf = (port: number): string => `backends: [ws://127.0.0.1:${port}]\n`;

describe("which file is read", () => {
  const all: Record<string, string> = {};
  const places = configCandidates({ env: {}, cwd: "/srv/app", home: "/home/me" });
  for (const [index, place] of places.entries()) all[place] = backendsOf(8000 + index);

  test("the working directory comes first, then the user's folder, then the system's", () => {
    assert.deepEqual(places, [
      "/srv/app/fairlead.yaml",
      "/srv/app/fairlead.yml",
      "/srv/app/fairlead.json",
      "/home/me/.config/fairlead/fairlead.yaml",
      "/home/me/.config/fairlead/fairlead.yml",
      "/home/me/.config/fairlead/fairlead.json",
      "/etc/fairlead/fairlead.yaml",
      "/etc/fairlead/fairlead.yml",
      "/etc/fairlead/fairlead.json",
    ]);
  });

  test("the first that exists is read, and named as people would name it", () => {
    const left = { ...all };
    for (const [index, place] of places.entries()) {
      const { config, file } = load(left);
      assert.deepEqual(urls(config), [`ws://127.0.0.1:${8000 + index}`]);
      assert.equal(file, place.replace("/srv/app/", ""));
      delete left[place];
    }
  });

  test("XDG_CONFIG_HOME stands for the user's folder, also without a home", () => {
    const env = { XDG_CONFIG_HOME: "/xdg" };
    const { file } = load({ "/xdg/fairlead/fairlead.json": '{"backends": ["ws://a:1"]}' }, { env, home: undefined });
    assert.equal(file, "/xdg/fairlead/fairlead.json");
  });

  test("--config beats FAIRLEAD_CONFIG, which beats looking around", () => {
    const files = {
      "/srv/app/fairlead.yaml": backendsOf(1),
      "/srv/app/a.yaml": backendsOf(2),
      "/b.yaml": backendsOf(3),
    };
    const env = { FAIRLEAD_CONFIG: "a.yaml" };
    assert.deepEqual(urls(load(files, { env }).config), ["ws://127.0.0.1:2"]);
    assert.deepEqual(urls(load(files, { env, file: "/b.yaml" }).config), ["ws://127.0.0.1:3"]);
  });

  test("a named file that is not there is an error that says who named it", () => {
    const why = "/srv/app/x.yaml cannot be read: there is no such file; name a YAML or JSON file";
    assert.deepEqual(
      mistakes(() => load({}, { file: "x.yaml" })),
      [`--config: ${why}`],
    );
    assert.deepEqual(
      mistakes(() => load({}, { env: { FAIRLEAD_CONFIG: "x.yaml" } })),
      [`FAIRLEAD_CONFIG: ${why}`],
    );
  });

  test("a file that exists but cannot be read is an error, not a reason to look further", () => {
    const readFile = (): string => {
      throw Object.assign(new Error("no"), { code: "EACCES" });
    };
    assert.match(mistakes(() => load({}, { readFile }))[0] ?? "", /^\/srv\/app\/fairlead\.yaml:1:1: .*may not be read/);
  });

  test("without any file, flags and variables can still say everything", () => {
    const { config, file } = load({}, { env: { FAIRLEAD_BACKENDS: "ws://a:1, ws://b:2" } });
    assert.equal(file, undefined);
    assert.deepEqual(urls(config), ["ws://a:1", "ws://b:2"]);
  });
});

describe("what beats what", () => {
  const file = `
listen: :1000
admin: 127.0.0.1:1001
workers: 1
drain: 1s
drainDelay: 1s
watch: false
secret: from the file
balance: random
affinity: none
log: { level: error, format: json }
backends: [ws://file:1]
`;
  const env: Environment = {
    FAIRLEAD_LISTEN: ":2000,:2002",
    FAIRLEAD_ADMIN: "127.0.0.1:2001",
    FAIRLEAD_WORKERS: "2",
    FAIRLEAD_DRAIN: "2s",
    FAIRLEAD_DRAIN_DELAY: "2s",
    FAIRLEAD_WATCH: "true",
    FAIRLEAD_SECRET: "from the environment",
    FAIRLEAD_BALANCE: "two-choices",
    FAIRLEAD_AFFINITY: "client-ip",
    FAIRLEAD_LOG_LEVEL: "warn",
    FAIRLEAD_LOG_FORMAT: "pretty",
    FAIRLEAD_BACKENDS: "ws://env:1",
  };
  const overrides = {
    listen: [":3000"],
    admin: "off",
    workers: "3",
    drain: "3s",
    drainDelay: "3s",
    watch: "true",
    balance: "round-robin",
    affinity: "hash",
    logLevel: "debug",
    logFormat: "json",
    backends: ["ws://flag:1"],
  };
  const summary = ({ config }: { config: Config }) => ({
    ports: config.listeners.map(({ port }) => port),
    admin: config.admin === "off" ? "off" : config.admin.port,
    workers: config.workers,
    drain: config.drain,
    drainDelay: config.drainDelay,
    watch: config.watch,
    secret: config.secret,
    balance: config.pools["default"]?.balance.method,
    affinity: config.pools["default"]?.affinity.method,
    log: `${config.log.level} ${config.log.format}`,
    backends: urls(config),
  });

  test("the file says everything when nobody else speaks", () => {
    assert.deepEqual(summary(loadYaml(file)), {
      ports: [1000],
      admin: 1001,
      workers: 1,
      drain: 1000,
      drainDelay: 1000,
      watch: false,
      secret: "from the file",
      balance: "random",
      affinity: "none",
      log: "error json",
      backends: ["ws://file:1"],
    });
  });

  test("the environment beats the file", () => {
    assert.deepEqual(summary(loadYaml(file, { env })), {
      ports: [2000, 2002],
      admin: 2001,
      workers: 2,
      drain: 2000,
      drainDelay: 2000,
      watch: true,
      secret: "from the environment",
      balance: "two-choices",
      affinity: "client-ip",
      log: "warn pretty",
      backends: ["ws://env:1"],
    });
  });

  test("flags beat the environment", () => {
    assert.deepEqual(summary(loadYaml(file, { env, overrides })), {
      ports: [3000],
      admin: "off",
      workers: 3,
      drain: 3000,
      drainDelay: 3000,
      watch: true,
      secret: "from the environment",
      balance: "round-robin",
      affinity: "hash",
      log: "debug json",
      backends: ["ws://flag:1"],
    });
  });

  test("an empty variable says nothing", () => {
    const empty = Object.fromEntries(Object.keys(env).map((name) => [name, ""]));
    assert.deepEqual(summary(loadYaml(file, { env: empty })), summary(loadYaml(file)));
  });

  test("flags of pools mean the default pool, and leave the others alone", () => {
    const pools = `
balance: random
backends: [ws://default:1]
pools: { other: { backends: [ws://other:1] } }
routes: [{ name: other, match: {}, pool: other }]
`;
    const { config } = loadYaml(pools, { overrides: { balance: "hash", backends: ["ws://flag:1"] } });
    assert.deepEqual([urls(config), urls(config, "other")], [["ws://flag:1"], ["ws://other:1"]]);
    assert.equal(config.pools["default"]?.balance.method, "hash");
    assert.equal(config.pools["other"]?.balance.method, "random");
  });

  test("flags of pools mean the pool that defaultPool names", () => {
    const pools = "pools: { a: { backends: [ws://a:1] }, b: { backends: [ws://b:1] } }\ndefaultPool: b\n";
    const { config } = loadYaml(pools, { overrides: { affinity: "client-ip", backends: ["ws://flag:1"] } });
    assert.deepEqual([urls(config, "a"), urls(config, "b")], [["ws://a:1"], ["ws://flag:1"]]);
    assert.deepEqual([config.pools["a"]?.affinity.method, config.pools["b"]?.affinity.method], ["none", "client-ip"]);
  });

  test("without a default pool, backends make one, and a flag about one is an error", () => {
    const pools = "pools: { a: { backends: [ws://a:1] }, b: { backends: [ws://b:1] } }\n";
    const { config } = loadYaml(pools, { overrides: { backends: ["ws://flag:1"] } });
    assert.deepEqual(urls(config), ["ws://flag:1"]);
    assert.equal(config.defaultRoute?.pool, "default");
    assert.match(
      mistakes(() => loadYaml(pools, { overrides: { balance: "hash" } })).join("\n"),
      /^--balance: .*set defaultPool, one of: a, b$/,
    );
  });
});

describe("the token of the admin API", () => {
  const TOKEN = "a token that nobody guesses";
  const env = { FAIRLEAD_ADMIN_TOKEN: TOKEN };
  const adminOf = (file: string, options: Partial<LoadOptions>) =>
    loadYaml(`${backendsOf(1)}${file}`, options).config.admin;

  test("a variable gives it, in whatever form the address is written", () => {
    const hosts: string[] = [];
    assert.deepEqual(adminOf("", { env }), { host: "127.0.0.1", port: 8081, token: TOKEN, hosts });
    assert.deepEqual(adminOf("admin: 9000", { env }), { host: "0.0.0.0", port: 9000, token: TOKEN, hosts });
    const whole = "admin: { address: :9000, token: another that nobody guesses, hosts: [a] }";
    assert.deepEqual(adminOf(whole, { env }), { host: "0.0.0.0", port: 9000, token: TOKEN, hosts: ["a"] });
    const both = { ...env, FAIRLEAD_ADMIN: ":9001" };
    assert.deepEqual(adminOf("", { env: both }), { host: "0.0.0.0", port: 9001, token: TOKEN, hosts });
    assert.deepEqual(
      mistakes(() => adminOf("", { env: { ...both, FAIRLEAD_ADMIN_TOKEN: "short" } })),
      ["FAIRLEAD_ADMIN_TOKEN: a token that can be guessed protects nothing; give at least 16 characters"],
    );
  });

  test("an admin API that is off stays off", () => {
    assert.equal(adminOf("admin: off", { env }), "off");
    assert.equal(adminOf("", { env, overrides: { admin: "off" } }), "off");
  });

  test("a flag for the address leaves the file's token and hosts alone", () => {
    const file = `admin: { address: 127.0.0.1:1, token: ${TOKEN}, hosts: [a] }`;
    const overrides = { admin: ":9000" };
    assert.deepEqual(adminOf(file, { overrides }), { host: "0.0.0.0", port: 9000, token: TOKEN, hosts: ["a"] });
    assert.equal(adminOf(file, { overrides: { admin: "off" } }), "off");
  });

  test("it is needed on every address but this machine's own, and who gave the address is told", () => {
    for (const own of ["127.0.0.1:0", "127.9.9.9:1", "localhost:1", "[::1]:1", "[::ffff:127.0.0.1]:1"])
      assert.doesNotThrow(() => adminOf("", { overrides: { admin: own } }), own);
    for (const other of ["0", ":1", "[::]:1", "10.0.0.1:1", "a.example.com:1", "128.0.0.1:1"]) {
      const [line = ""] = mistakes(() => adminOf("", { overrides: { admin: other } }));
      assert.match(line, /^--admin: other machines can connect to .* needs a token there; give /, other);
    }
  });
});

describe("places of mistakes", () => {
  test("a mistake in a flag or a variable is told by its name, before those of the file", () => {
    const found = mistakes(() =>
      loadYaml("drain: 3 suns\nworkers: many\n", {
        env: { FAIRLEAD_WORKERS: "-1", FAIRLEAD_BACKENDS: "ws://a:1,b" },
        overrides: { listen: [":1", "nowhere"], logLevel: "wran" },
      }),
    );
    const places = found.map((line) => line.split(": ")[0]);
    const names = ["--listen", "--log-level", "FAIRLEAD_BACKENDS", "FAIRLEAD_WORKERS"];
    assert.deepEqual(new Set(places.slice(0, -1)), new Set(names));
    assert.equal(places.at(-1), "fairlead.yaml:1:8");
    assert.match(found.find((line) => line.startsWith("--log-level")) ?? "", /did you mean "warn"\?/);
  });

  test("the shorthand's mistakes keep their place when flags move it among the pools", () => {
    const text = "backends: [ws://a:1, ws://a:1]\npools: { b: { backends: [ws://b:1] } }\n";
    const [first] = mistakes(() => loadYaml(text, { overrides: { balance: "random" } }));
    assert.match(first ?? "", /^fairlead\.yaml:1:22: pools\.default\.backends\[1\]: /);
  });

  test("a mistake within a merged or aliased value is told where that value stands", () => {
    const text =
      "pools:\n  a: &a\n    backends: [ws://a:1]\n    dial: { budget: x }\n  b:\n    <<: *a\ndefaultPool: a\n";
    assert.deepEqual(
      mistakes(() => loadYaml(text)).map((line) => line.split(": ").slice(0, 2).join(" ")),
      ["fairlead.yaml:4:21 pools.a.dial.budget", "fairlead.yaml:4:21 pools.b.dial.budget"],
    );
  });
});

describe("variables whose names are nearly right", () => {
  test("they get a warning; what Kubernetes sets beside a service does not", () => {
    const env = {
      FAIRLEAD_WORKRES: "3",
      FAIRLEAD_LOGLEVEL: "warn",
      FAIRLEAD_SERVICE_HOST: "10.0.0.1",
      FAIRLEAD_SERVICE_PORT: "8080",
      FAIRLEAD_PORT: "tcp://10.0.0.1:8080",
      FAIRLEAD_PORT_8080_TCP_ADDR: "10.0.0.1",
    };
    assert.deepEqual(loadYaml(backendsOf(1), { env }).warnings, [
      "FAIRLEAD_WORKRES: fairlead reads no such variable; did you mean FAIRLEAD_WORKERS?",
      "FAIRLEAD_LOGLEVEL: fairlead reads no such variable; did you mean FAIRLEAD_LOG_LEVEL?",
    ]);
  });
});

describe("what explain prints", () => {
  test("the secret is not in it, and can be given again in a variable", () => {
    const { config } = loadYaml(`${backendsOf(1)}secret: do not tell\n`);
    const text = explainConfig(config);
    assert.ok(!text.includes("do not tell"));
    assert.match(text, /^secret: \$\{FAIRLEAD_SECRET\} # set, and not shown/m);
    assert.match(mistakes(() => loadYaml(text)).join("\n"), /has no variable FAIRLEAD_SECRET/);
    assert.deepEqual(loadYaml(text, { env: { FAIRLEAD_SECRET: "do not tell" } }).config, config);
  });
});

test("the files of a configuration are its own and those that it names, each once", (t) => {
  if (!needTool(t, "openssl", "/usr/bin/openssl")) return;
  const { cert, key } = certificateFor(["localhost"]);
  const tls = "tls: { certificates: [{ cert: tls/a.pem, key: /keys/a.key }, { cert: tls/a.pem, key: /keys/a.key }] }";
  const text = `
listen: [{ address: :1, ${tls} }]
pools: { a: { backends: [wss://a:1], tls: { ca: ca.pem } }, b: { backends: [ws://b:1] } }
`;
  const files = { "/srv/app/conf/a.yaml": text, "/srv/app/conf/ca.pem": cert, "/keys/a.key": key };
  const loaded = load({ ...files, "/srv/app/conf/tls/a.pem": cert }, { file: "conf/a.yaml" });
  assert.deepEqual(watchedFiles(loaded, "/srv/app"), [
    ...["/srv/app/conf/a.yaml", "/srv/app/conf/tls/a.pem", "/keys/a.key", "/srv/app/conf/ca.pem"],
  ]);
  assert.deepEqual(watchedFiles(load({}, { env: { FAIRLEAD_BACKENDS: "ws://a:1" } }), "/srv/app"), []);
});
