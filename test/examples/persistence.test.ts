/** Each example of a persistence method brings a client back to its backend. */
import assert from "node:assert/strict";
import test from "node:test";

import { startEchoes } from "../kit/backends.ts";
import { openWs, whose } from "../kit/clients.ts";
import { backendVariables, type Coming, type Example, met, metInTurn, startExample } from "./start.ts";

/** Enough keys that three backends all get some, unless hashing is broken. */
const KEYS = Array.from({ length: 40 }, (_, index) => index);

test("cookie.yaml: the 101 and plain answers set a cookie that leads back, here and at an instance beside", async (t) => {
  const backends = await startEchoes(t, 3);
  const variables = { ...backendVariables(backends), SECRET: "known to both" };
  const [example, twin] = [
    await startExample(t, "persistence/cookie.yaml", variables),
    await startExample(t, "persistence/cookie.yaml", variables),
  ];
  const client = await openWs(t, example.url);
  const name = await whose(client);
  const [cookie = ""] = client.answer?.headers["set-cookie"] ?? [];
  assert.match(cookie, /^harbour=[\w-]+;/);
  for (const part of ["Max-Age=28800", "HttpOnly", "SameSite=Strict"]) assert.ok(cookie.includes(part), cookie);
  const headers = { Cookie: cookie.split(";")[0] ?? "" };
  for (const instance of [example, twin]) {
    assert.deepEqual(await metInTurn(t, instance, 4, () => ({ headers })), [name, name, name, name]);
    const response = await fetch(instance.url.replace("ws:", "http:"), { headers });
    assert.equal(await response.text(), name);
  }
  const fresh = await fetch(example.url.replace("ws:", "http:"));
  assert.match(fresh.headers.getSetCookie()[0] ?? "", /^harbour=/);
  await fresh.text();
});

test("client-ip.yaml: one backend for one address, as a trusted proxy tells it", async (t) => {
  const example = await startPersistence(t, "client-ip");
  await meetsAgain(t, example, (key) => ({ headers: { "X-Forwarded-For": `198.51.100.${key}` } }));
  const six = (host: string): Coming => ({ headers: { "X-Forwarded-For": `2001:db8:7:1:${host}` } });
  assert.equal(await met(t, example, six("1:2:3:4")), await met(t, example, six("aaaa:bbbb:cccc:dddd")));
});

test("path.yaml: paths that agree in two segments meet", async (t) => {
  const example = await startPersistence(t, "path");
  await meetsAgain(t, example, (key, turn) => ({ path: `/games/${key}/${turn}/watch?turn=${turn}` }));
});

test("query.yaml: one document, one backend, whatever the path", async (t) => {
  const example = await startPersistence(t, "query");
  await meetsAgain(t, example, (key, turn) => ({ path: `/page-${turn}?x=${turn}&document=${key}` }));
});

test("header.yaml: one tenant, one backend", async (t) => {
  const example = await startPersistence(t, "header");
  await meetsAgain(t, example, (key, turn) => ({ path: `/${turn}`, headers: { "X-Tenant": `tenant ${key}` } }));
});

test("application-cookie.yaml: one session, one backend, and no cookie is added", async (t) => {
  const example = await startPersistence(t, "application-cookie");
  await meetsAgain(t, example, (key, turn) => ({
    path: `/${turn}`,
    headers: { Cookie: `a=${turn}; session=s${key}` },
  }));
  const client = await openWs(t, example.url, { headers: { Cookie: "session=1" } });
  assert.equal(client.answer?.headers["set-cookie"], undefined);
});

test("query.yaml: sockets without the parameter are balanced", async (t) => {
  const example = await startPersistence(t, "query");
  const names = await metInTurn(t, example, 3);
  assert.equal(new Set(names).size, 3);
});

const startPersistence = async (t: test.TestContext, name: string): Promise<Example> =>
  startExample(t, `persistence/${name}.yaml`, backendVariables(await startEchoes(t, 3)));

/** Whoever has one key meets one backend, and different keys are spread over all. */
const meetsAgain = async (
  t: test.TestContext,
  example: Example,
  comes: (key: number, turn: number) => Coming,
): Promise<void> => {
  const homes = new Set<string>();
  for (const key of KEYS) {
    const names = await metInTurn(t, example, 3, (turn) => comes(key, turn));
    assert.equal(new Set(names).size, 1, `key ${key}: ${names.join(", ")}`);
    homes.add(names[0] ?? "");
  }
  assert.equal(homes.size, 3);
};
