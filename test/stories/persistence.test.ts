/** A client meets its backend again: by a cookie, by its address, or by what it asks for. */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { startEchoes, type EchoBackend } from "../kit/backends.ts";
import { startBalancer, urlsOf, type Harbour } from "../kit/balancer.ts";
import { openWs, whose } from "../kit/clients.ts";

const SECRET = "a secret that both instances know";

interface Meeting {
  readonly name: string;
  readonly cookies: readonly string[];
}

const meet = async (
  t: TestContext,
  fairlead: Harbour,
  path = "/",
  headers: Record<string, string> = {},
): Promise<Meeting> => {
  const client = await openWs(t, `${fairlead.url}${path}`, { headers });
  const name = await whose(client);
  return { name, cookies: client.answer?.headers["set-cookie"] ?? [] };
};

/** What a browser would send back. */
const pairOf = (setCookie: string | undefined): string => setCookie?.split(";")[0] ?? "";

const start = async (
  t: TestContext,
  affinity: unknown,
): Promise<{ backends: EchoBackend[]; fairlead: Harbour; twin: Harbour }> => {
  const backends = await startEchoes(t, 3);
  const config = {
    backends: urlsOf(backends),
    balance: "round-robin",
    affinity,
    secret: SECRET,
    trustedProxies: ["127.0.0.1"],
  };
  const settled = config as Parameters<typeof startBalancer>[1]; // validated by fairlead itself
  return { backends, fairlead: await startBalancer(t, settled), twin: await startBalancer(t, settled) };
};

test("the 101 sets a cookie, and whoever brings it back meets the same backend, here and at another instance", async (t) => {
  const { fairlead, twin } = await start(t, "cookie");
  for (let turn = 0; turn < 3; turn += 1) {
    const first = await meet(t, fairlead);
    assert.equal(first.cookies.length, 1);
    assert.match(first.cookies[0] ?? "", /^fairlead=[\w-]+; Path=\/; HttpOnly; SameSite=Lax$/i);
    const headers = { Cookie: `other=1; ${pairOf(first.cookies[0])}; more=2` };
    for (const instance of [fairlead, twin, fairlead]) {
      const again = await meet(t, instance, "/", headers);
      assert.deepEqual(again, { name: first.name, cookies: [] }, "the right cookie is not set again");
    }
  }
});

test("a plain answer sets the cookie too, beside the backend's own cookies", async (t) => {
  const { fairlead } = await start(t, "cookie");
  const response = await fetch(`${fairlead.origin}/page`);
  const name = await response.text();
  const [cookie] = response.headers.getSetCookie();
  assert.equal((await meet(t, fairlead, "/", { Cookie: pairOf(cookie) })).name, name);
  const again = await fetch(`${fairlead.origin}/page`, { headers: { Cookie: pairOf(cookie) } });
  assert.equal(await again.text(), name);
  assert.deepEqual(again.headers.getSetCookie(), []);
});

test("a forged or foreign cookie is ignored and replaced", async (t) => {
  const { backends, fairlead } = await start(t, "cookie");
  for (const forged of [
    "fairlead=one",
    `fairlead=${backends[0]?.url}`,
    "fairlead=",
    `fairlead=${"A".repeat(5000)}`,
    "fairlead",
  ]) {
    assert.equal((await meet(t, fairlead, "/", { Cookie: forged })).cookies.length, 1, forged.slice(0, 30));
  }
  const foreign = await startBalancer(t, { backends: urlsOf(backends), affinity: "cookie", secret: "another" });
  const { cookies } = await meet(t, foreign);
  assert.equal((await meet(t, fairlead, "/", { Cookie: pairOf(cookies[0]) })).cookies.length, 1);
});

test("a backend that is down loses its clients, and their cookie is renewed", async (t) => {
  const { backends, fairlead } = await start(t, "cookie");
  const first = await meet(t, fairlead);
  const lost = backends.find((backend) => backend.name === first.name);
  await lost?.kill();
  const second = await meet(t, fairlead, "/", { Cookie: pairOf(first.cookies[0]) });
  assert.notEqual(second.name, first.name);
  assert.equal(second.cookies.length, 1);
  const third = await meet(t, fairlead, "/", { Cookie: pairOf(second.cookies[0]) });
  assert.deepEqual(third, { name: second.name, cookies: [] });
});

test("a client's address leads to one backend, at every instance, and only trusted proxies may name it", async (t) => {
  const { fairlead, twin } = await start(t, "client-ip");
  const seen = new Set<string>();
  for (let host = 1; host <= 20; host += 1) {
    const headers = { "X-Forwarded-For": `198.51.100.${host}` };
    const { name, cookies } = await meet(t, fairlead, "/", headers);
    assert.deepEqual(cookies, []);
    assert.equal((await meet(t, twin, "/other", headers)).name, name);
    seen.add(name);
  }
  assert.equal(seen.size, 3, "addresses are spread");
  const nobody = await startBalancer(t, { backends: urlsOf((await start(t, "none")).backends), affinity: "client-ip" });
  const names = new Set<string>();
  for (let host = 1; host <= 10; host += 1) {
    names.add((await meet(t, nobody, "/", { "X-Forwarded-For": `198.51.100.${host}` })).name);
  }
  assert.equal(names.size, 1, "an untrusted client cannot choose its backend");
});

test("when a backend is down only its own addresses move", async (t) => {
  const { backends, fairlead } = await start(t, "client-ip");
  const at = (host: number): Record<string, string> => ({ "X-Forwarded-For": `198.51.100.${host}` });
  const hosts = Array.from({ length: 20 }, (_, host) => host + 1);
  const before = new Map<number, string>();
  for (const host of hosts) before.set(host, (await meet(t, fairlead, "/", at(host))).name);
  await backends[0]?.kill();
  for (const host of hosts) {
    const { name } = await meet(t, fairlead, "/", at(host));
    if (before.get(host) === "one") assert.notEqual(name, "one");
    else assert.equal(name, before.get(host));
  }
});

const KEYS: readonly {
  readonly by: unknown;
  readonly same: readonly [string, string];
  readonly headers?: Record<string, string>;
}[] = [
  { by: "path", same: ["/room/12", "/room/12?x=1"] },
  { by: { path: { segments: 2 } }, same: ["/room/12/a", "/room/12/b/c"] },
  { by: { query: "doc" }, same: ["/a?doc=7", "/b?x=1&doc=7"] },
  { by: { header: "x-device" }, same: ["/a", "/b"], headers: { "X-Device": "d-77" } },
  { by: { cookie: "sid" }, same: ["/a", "/b"], headers: { Cookie: "sid=s-77" } },
];

for (const { by, same, headers } of KEYS) {
  test(`consistent hashing by ${JSON.stringify(by)} leads what is alike to one backend, at every instance`, async (t) => {
    const { fairlead, twin } = await start(t, { method: "hash", by });
    const [left, right] = same;
    const names = [
      await meet(t, fairlead, left, headers),
      await meet(t, fairlead, right, headers),
      await meet(t, twin, left, headers),
      await meet(t, twin, right, headers),
    ].map((meeting) => meeting.name);
    assert.equal(new Set(names).size, 1, names.join(", "));
  });
}

test("different paths are spread over the backends", async (t) => {
  const { fairlead } = await start(t, { method: "hash", by: "path" });
  const names = new Set<string>();
  for (let room = 0; room < 20; room += 1) names.add((await meet(t, fairlead, `/room/${room}`)).name);
  assert.equal(names.size, 3);
});
