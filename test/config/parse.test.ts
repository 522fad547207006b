import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, test } from "node:test";

import fc from "fast-check";

import {
  ConfigError,
  type ConfigInput,
  explainConfig,
  jsonSchema,
  loadConfig,
  parseConfig,
} from "../../src/config/index.ts";
import { authority, certificateFor } from "../kit/certs.ts";

function mistakes(input: unknown): readonly { path: string; message: string }[] {
  try {
    // What arrives from untyped programs can be anything.
    parseConfig(input as ConfigInput);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const backends = ["ws://127.0.0.1:8000"];

describe("a configuration given as a value", () => {
  test("an error has its code, is the operator's, and tells each mistake by its path", () => {
    assert.throws(() => parseConfig({ backends: ["x"], workers: 0 }), {
      name: "ConfigError",
      code: "CONFIG_INVALID",
      fault: "operator",
      retry: false,
    });
    assert.deepEqual(
      mistakes({ backends: ["x"], workers: 0 }).map(({ path }) => path),
      ["workers", "backends[0]"],
    );
  });

  test("anything that is no object is refused with a message", () => {
    for (const input of [undefined, null, 3, "x", [], () => 1]) assert.equal(mistakes(input).length, 1, String(input));
  });

  test("the result is frozen through and through", () => {
    const { config } = parseConfig({ backends });
    const visit = (value: unknown): void => {
      if (typeof value !== "object" || value === null) return;
      assert.ok(Object.isFrozen(value));
      Object.values(value).forEach(visit);
    };
    visit(config);
  });

  test("the result survives a journey through JSON, as to another process", () => {
    const { config } = parseConfig({
      backends,
      secret: "x",
      affinity: "cookie",
      routes: [{ name: "a", match: { path: { regex: "^/a" } }, pool: "default" }],
    });
    assert.deepEqual(JSON.parse(JSON.stringify(config)), config);
  });

  test("the input is not changed, so it can be used again", () => {
    const input = { backends: [...backends], tunnel: { heartbeat: { interval: "5s" } } };
    const before = structuredClone(input);
    parseConfig(input);
    assert.deepEqual(input, before);
  });

  test("ws and http, and wss and https, are one backend", () => {
    const { config } = parseConfig({ backends: ["http://a:80", "wss://a", "ws://B:8000/"] });
    assert.deepEqual(
      config.pools["default"]?.backends.map(({ name, url, secure, port }) => [name, url, secure, port]),
      [
        ["ws://a", "http://a", false, 80],
        ["wss://a", "https://a", true, 443],
        ["ws://b:8000", "http://b:8000", false, 8000],
      ],
    );
    assert.match(mistakes({ backends: ["ws://a", "http://A:80"] })[0]?.message ?? "", /already backend 1/);
  });

  test("a name that objects have by themselves is a name like others, or refused", () => {
    for (const name of ["constructor", "toString"]) {
      const { config } = parseConfig({ pools: { [name]: { backends } } });
      assert.equal(config.defaultRoute?.pool, name);
    }
    const input: unknown = JSON.parse('{"pools": {"__proto__": {"backends": ["ws://a:1"]}}}');
    assert.ok(mistakes(input).length > 0);
    assert.match(mistakes({ backends, defaultPool: "constructor" })[0]?.message ?? "", /there is no pool/);
  });
});

describe("TLS", () => {
  const own = certificateFor(["localhost"]);
  const other = certificateFor(["example.com"]);
  const listen = (cert: string, key: string) => ({
    listen: { address: ":8443", tls: { certificates: [{ cert, key }] } },
    backends,
  });

  test("certificates and keys are read relative to the configuration file, and sent on as text", () => {
    const folder = dirname(own.certFile);
    const certificate = { cert: basename(own.certFile), key: basename(own.keyFile), hosts: ["LocalHost"] };
    const file = join(folder, "fairlead.json");
    writeFileSync(
      file,
      JSON.stringify({ listen: { address: ":8443", tls: { certificates: [certificate] } }, backends }),
    );
    const { config } = loadConfig({ file, cwd: "/", env: {} });
    assert.deepEqual(config.listeners[0]?.tls?.certificates, [
      { cert: own.cert, key: own.key, certFile: own.certFile, keyFile: own.keyFile, hosts: ["localhost"] },
    ]);
    const again = loadConfig({
      file,
      cwd: "/",
      env: {},
      readFile: (path) => (path === file ? explainConfig(config) : path.endsWith(".key") ? own.key : own.cert),
    });
    assert.deepEqual(again.config, config);
  });

  test("PEM text is taken as it is, and a key given so is not explained", () => {
    const { config } = parseConfig({ ...listen(own.cert, own.key), pools: undefined });
    const text = explainConfig(config);
    assert.ok(!text.includes("PRIVATE KEY"));
    assert.match(text, /key: \$\{TLS_KEY_1_1\}/);
    const again = loadConfig({ cwd: "/", env: { TLS_KEY_1_1: own.key }, readFile: () => text });
    assert.deepEqual(again.config, config);
  });

  test("a key that is another certificate's is a mistake", () => {
    assert.deepEqual(
      mistakes(listen(own.cert, other.key)).map(({ path, message }) => `${path}: ${message}`),
      ["listen[0].tls.certificates[0].key: this key is not the one of its certificate; name the one it was made with"],
    );
  });

  test("a pool's own authority is read, and must be one", () => {
    const ca = authority();
    const pool = (text: string): ConfigInput => ({ pools: { a: { backends: ["wss://a"], tls: { ca: text } } } });
    assert.equal(parseConfig(pool(ca.certFile)).config.pools["a"]?.tls.ca, ca.cert);
    assert.match(mistakes(pool(ca.keyFile))[0]?.message ?? "", /holds no PEM certificate/);
  });
});

describe("whatever is written", () => {
  const text = fc.oneof(
    fc.constantFrom("off", "30s", "1KiB", "ws://a:1", ":8080", "chat", "cookie", "hash", "/x", "default", "${X}"),
    fc.string(),
  );
  const value = fc.letrec((tie) => ({
    leaf: fc.oneof(text, fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
    list: fc.array(tie("node"), { maxLength: 3 }),
    object: fc.dictionary(
      fc.oneof(
        fc.constantFrom(
          "method",
          "by",
          "path",
          "url",
          "weight",
          "backends",
          "tls",
          "match",
          "name",
          "pool",
          "interval",
        ),
        fc.string(),
      ),
      tie("node"),
      { maxKeys: 4 },
    ),
    node: fc.oneof({ depthSize: "small" }, tie("leaf"), tie("list"), tie("object")),
  })).node;
  const top = fc.constantFrom(
    ...["listen", "admin", "workers", "drain", "secret", "trustedProxies", "log", "limits", "backends", "balance"],
    ...["affinity", "tunnel", "pools", "routes", "defaultPool", "other"],
  );

  test("it is either understood or refused with messages that name a place and are one line each", () => {
    fc.assert(
      fc.property(fc.dictionary(top, value, { maxKeys: 5 }), (input) => {
        for (const { message } of mistakes(input)) {
          assert.ok(message.length > 0);
          assert.ok(!message.includes("\n"));
        }
      }),
      { numRuns: 500 },
    );
  });

  test("whatever a file holds, reading it gives a configuration or mistakes with places", () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.json(), fc.string({ unit: fc.constantFrom(..."{}[]:,-&*!|>'\"#\n\t ab${") })),
        (file) => {
          try {
            loadConfig({ cwd: "/", env: {}, readFile: () => file });
          } catch (error) {
            assert.ok(error instanceof ConfigError);
            for (const { place } of error.problems)
              assert.ok(place !== undefined && "line" in place && place.line >= 1);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("a file that is made to hurt", () => {
  const reading = (text: string): string => {
    try {
      loadConfig({ cwd: "/", env: {}, readFile: () => text });
    } catch (error) {
      if (error instanceof ConfigError) return error.message;
      throw error;
    }
    return "";
  };

  test("deep nesting, cycles and great length are mistakes like others", () => {
    for (const opening of ["[", "- ", '{"a":']) assert.match(reading(opening.repeat(100_000)), /nested too deeply/);
    assert.match(reading("&a [*a]"), /expected an object of keys, found a list/);
    assert.match(reading("backends: &a [*a]"), /backends\[0\]: expected a text or an object of keys, found a list/);
    assert.match(reading("#".repeat(5_000_000)), /this file has 5000000 characters/);
  });
});

describe("the JSON Schema", () => {
  test("it knows every key at the top, with a description", () => {
    const { properties } = jsonSchema() as { properties: Record<string, { description?: string }> };
    assert.deepEqual(Object.keys(properties).toSorted(), [
      ...["admin", "affinity", "backends", "balance", "defaultPool", "drain", "drainDelay", "limits", "listen", "log"],
      ...["origins", "pools", "routes", "secret", "socketDriver", "trustedProxies", "tunnel", "watch", "workers"],
    ]);
    for (const [key, { description }] of Object.entries(properties)) assert.ok(description, key);
  });
});
