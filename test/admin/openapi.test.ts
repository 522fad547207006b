/** The OpenAPI document is what the admin API does. */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";

import { createRoutes } from "../../src/admin/routes.ts";
import { ask } from "../kit/http.ts";
import { BACKEND, startFake, type Harness } from "./fake.ts";
import { mistakes } from "./json-schema.ts";

/** What is read from JSON, and looked at afterwards. */
type Json = Record<string, ReturnType<typeof JSON.parse>>;

const documentOf = async (t: TestContext, { origin }: Harness): Promise<Json> => {
  const { body } = await ask(t, `${origin}/api/v1/openapi.json`);
  return JSON.parse(body.toString()) as Json; // what is in it is looked at below
};

/** What stands for the parameters of paths, and is sent as bodies; a required query stands here too. */
const VALUES: Json = { pool: "chat", backend: BACKEND };
const BODIES: Json = {
  BackendInput: { url: "ws://10.0.0.9:8000", weight: 2, state: "draining", maxConnections: "off" },
  BackendChange: { weight: 0.5 },
  DrainInput: { pool: "chat", backend: BACKEND, rate: 5, jitter: 0, waitIdle: "30s", deadline: "off" },
  RebalanceInput: { pool: "chat", perMinute: 6, minAge: "1m", tolerance: 0.2, evens: "method" },
};

const idFor = (path: string): string => (path.includes("drains") ? "d1" : path.includes("rebalances") ? "r2" : "t1");

const targetOf = (path: string, method: string): string => {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
    encodeURIComponent(name === "id" ? idFor(path) : VALUES[name]),
  );
  return method === "delete" && path === "/api/v1/tunnels" ? `${filled}?pool=chat` : filled;
};

test("every route is in the document, and nothing else is", async (t) => {
  const document = await documentOf(t, await startFake(t));
  const described = Object.entries<Json>(document["paths"]).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual(
    described.toSorted(),
    createRoutes()
      .map(({ method, path }) => `${method} ${path}`)
      .toSorted(),
  );
  const ids = Object.values<Json>(document["paths"]).flatMap((operations) =>
    Object.values<Json>(operations).map((operation) => operation["operationId"]),
  );
  assert.equal(new Set(ids).size, ids.length, "operation ids are unique");
});

test("every reference in the document resolves, and every shape is used", async (t) => {
  const document = await documentOf(t, await startFake(t));
  const used = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name = ""]) => name);
  assert.deepEqual([...new Set(used)].toSorted(), Object.keys(document["components"].schemas).toSorted());
});

test("what every route answers is what the document says, and what it is sent too", async (t) => {
  const fake = await startFake(t);
  const document = await documentOf(t, fake);
  const find = (reference: string): Json => document["components"].schemas[reference.split("/").at(-1) ?? ""];
  for (const [path, operations] of Object.entries<Json>(document["paths"])) {
    for (const [method, operation] of Object.entries<Json>(operations)) {
      const what = `${method} ${path}`;
      const sent = operation["requestBody"]?.content["application/json"].schema;
      const body = sent === undefined ? undefined : BODIES[sent.$ref.split("/").at(-1)];
      if (sent !== undefined) assert.deepEqual(mistakes(body, sent, find), [], what);
      const headers = { Accept: "application/json", ...(body !== undefined && { "Content-Type": "application/json" }) };
      const options = { method: method.toUpperCase(), headers };
      const text = body === undefined ? undefined : JSON.stringify(body);
      const answer = await ask(t, `${fake.origin}${targetOf(path, method)}`, options, text);
      const described = operation["responses"][answer.status];
      assert.ok(described !== undefined && answer.status < 300, `${what} gave ${answer.status}: ${answer.body}`);
      const schema = described.content["application/json"]?.schema;
      if (schema === undefined)
        assert.equal(answer.headers["content-type"]?.split(";")[0], Object.keys(described.content)[0]);
      else assert.deepEqual(mistakes(JSON.parse(answer.body.toString()), schema, find), [], what);
    }
  }
});

test("errors are what the document says, with their statuses", async (t) => {
  const fake = await startFake(t, { token: "0123456789abcdef" });
  const authorization = "Bearer 0123456789abcdef";
  const document = JSON.parse(
    (await ask(t, `${fake.origin}/api/v1/openapi.json`, { headers: { authorization } })).body.toString(),
  ) as Json; // as above
  const find = (reference: string): Json => document["components"].schemas[reference.split("/").at(-1) ?? ""];
  const cases: readonly (readonly [string, string, object, number])[] = [
    ["GET", "/api/v1/pools/{pool}", { authorization }, 404],
    ["GET", "/api/v1/status", {}, 401],
    ["GET", "/api/v1/status", { Host: "evil.example" }, 421],
    ["GET", "/api/v1/history?since=x", { authorization }, 422],
    ["POST", "/api/v1/drains", { authorization }, 422],
    ["POST", "/api/v1/drains", { authorization, Origin: "null" }, 403],
  ];
  for (const [method, path, headers, expected] of cases) {
    const { status, body } = await ask(t, `${fake.origin}${path}`, { method, headers: { ...headers } });
    assert.equal(status, expected, path);
    const described = document["paths"][path.split("?")[0] ?? ""][method.toLowerCase()].responses[status];
    const schema = described.content["application/json"].schema;
    assert.equal(schema.$ref, "#/components/schemas/Error");
    assert.deepEqual(mistakes(JSON.parse(body.toString()), schema, find), [], path);
  }
});
