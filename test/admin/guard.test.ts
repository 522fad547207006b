/** Who may ask, and by which name. */
import assert from "node:assert/strict";
import test from "node:test";

import { ask } from "../kit/http.ts";
import { rawConnect } from "../kit/raw.ts";
import { startFake } from "./fake.ts";

const TOKEN = "a-token-of-some-length";

/** Host, and the status that it gets. PORT stands for the port. */
const HOSTS: readonly (readonly [string, number])[] = [
  ["127.0.0.1:PORT", 200],
  ["127.0.0.1", 200],
  ["localhost", 200],
  ["LocalHost:PORT", 200],
  ["localhost.", 200],
  ["localhost:1", 200],
  ["[::1]:PORT", 200],
  ["[2001:db8::7]", 200],
  ["10.1.2.3:8081", 200],
  ["fairlead.example.com", 200],
  ["FAIRLEAD.example.com:443", 200],
  ["evil.example", 421],
  ["evil.example:PORT", 421],
  ["localhost.evil.example", 421],
  ["127.0.0.1.evil.example", 421],
  ["sub.fairlead.example.com", 421],
  ["2130706433", 421],
  ["0x7f.1", 421],
  ["127.1", 421],
  ["[::zz]", 400],
  ["user@localhost", 400],
  ["localhost/", 400],
  ["localhost, evil.example", 400],
  ["", 400],
];

test("Host must be an address, localhost, or a name that is configured", async (t) => {
  const { port } = await startFake(t, { hosts: ["fairlead.example.com"] });
  for (const [host, expected] of HOSTS) {
    const peer = await rawConnect(t, port);
    peer.write(`GET /api/v1/status HTTP/1.1\r\nHost: ${host.replace("PORT", String(port))}\r\n\r\n`);
    assert.equal((await peer.head()).status, expected, JSON.stringify(host));
    peer.socket.destroy();
  }
});

test("no Host, two of them, and targets that are no paths are refused", async (t) => {
  const { port } = await startFake(t);
  for (const head of [
    "GET /api/v1/status HTTP/1.1\r\n",
    "GET /api/v1/status HTTP/1.0\r\n",
    "GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n",
    "GET http://localhost/api/v1/status HTTP/1.1\r\nHost: localhost\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: localhost\r\n",
  ]) {
    const peer = await rawConnect(t, port);
    peer.write(`${head}\r\n`);
    assert.equal((await peer.head()).status, 400, head);
    peer.socket.destroy();
  }
});

test("the name that the admin listener is bound by is one of its names", async (t) => {
  const { origin, port } = await startFake(t, { host: "localhost" }, {});
  const url = `http://localhost:${port}/api/v1/status`;
  assert.equal((await ask(t, url)).status, 200, origin);
});

test("a refusal tells which names there are, in the form of all errors", async (t) => {
  const { origin } = await startFake(t, { hosts: ["fairlead.example.com"] });
  const { status, body } = await ask(t, `${origin}/api/v1/config`, { headers: { Host: "evil.example" } });
  assert.equal(status, 421);
  const { error } = JSON.parse(body.toString()) as { error: { code: string; message: string } }; // as documented
  assert.equal(error.code, "MISDIRECTED");
  assert.match(error.message, /"evil\.example".*localhost, fairlead\.example\.com/);
});

/** Headers of a request that changes something, and its status. OWN stands for the origin. */
const CHANGES: readonly (readonly [Record<string, string>, number])[] = [
  [{}, 200],
  [{ Origin: "OWN" }, 200],
  [{ Origin: "OWN", "Sec-Fetch-Site": "same-origin" }, 200],
  [{ Origin: "https://localhost", Host: "localhost" }, 200],
  [{ Origin: "http://localhost:80", Host: "localhost" }, 200],
  [{ "Sec-Fetch-Site": "none" }, 200],
  [{ Origin: "null" }, 403],
  [{ Origin: "https://evil.example" }, 403],
  [{ Origin: "http://127.0.0.1" }, 403],
  [{ Origin: "http://127.0.0.1:1" }, 403],
  [{ Origin: "http://localhost.evil.example", Host: "localhost" }, 403],
  [{ Origin: "chrome-extension://abcdef" }, 403],
  [{ Origin: "file://" }, 403],
  [{ Origin: "" }, 403],
  [{ Origin: "http://[" }, 403],
  [{ Origin: "OWN", "Sec-Fetch-Site": "same-site" }, 403],
  [{ "Sec-Fetch-Site": "cross-site" }, 403],
];

test("what changes something is not taken from pages of other origins", async (t) => {
  const { origin, calls } = await startFake(t);
  for (const [headers, expected] of CHANGES) {
    const filled = Object.fromEntries(
      Object.entries(headers).map(([key, value]) => [key, value.replace("OWN", origin)]),
    );
    const before = calls.length;
    const { status } = await ask(t, `${origin}/api/v1/reload`, { method: "POST", headers: filled });
    assert.equal(status, expected, JSON.stringify(headers));
    assert.equal(calls.length - before, expected === 200 ? 1 : 0, "a refused request reaches nothing");
  }
});

test("reading is answered to any page, but no browser lets it see the answer", async (t) => {
  const { origin } = await startFake(t);
  for (const Origin of ["https://evil.example", "null"]) {
    const { status, headers } = await ask(t, `${origin}/api/v1/status`, { headers: { Origin } });
    assert.equal(status, 200);
    assert.deepEqual(
      Object.keys(headers).filter((name) => name.startsWith("access-control")),
      [],
    );
    assert.equal(headers["cross-origin-resource-policy"], "same-origin");
    assert.equal(headers["x-content-type-options"], "nosniff");
  }
  const preflight = await ask(t, `${origin}/api/v1/reload`, {
    method: "OPTIONS",
    headers: { Origin: "https://evil.example", "Access-Control-Request-Method": "POST" },
  });
  assert.equal(preflight.status, 405);
  assert.equal(preflight.headers.allow, "POST");
});

/** Authorization, the status, and whether the challenge says that the token is wrong. */
const TOKENS: readonly (readonly [string | undefined, number, boolean])[] = [
  [`Bearer ${TOKEN}`, 200, false],
  [`bearer  ${TOKEN}`, 200, false],
  [undefined, 401, false],
  ["Bearer", 401, true],
  [`Bearer ${TOKEN}x`, 401, true],
  [`Bearer ${TOKEN.slice(1)}`, 401, true],
  [`Basic ${TOKEN}`, 401, true],
  [TOKEN, 401, true],
];

test("where there is a token it has to be shown, for metrics and what is not there too", async (t) => {
  const { origin } = await startFake(t, { token: TOKEN });
  for (const [authorization, expected, isWrong] of TOKENS) {
    const headers = authorization === undefined ? {} : { authorization };
    for (const path of ["/api/v1/status", "/metrics"]) {
      const answer = await ask(t, `${origin}${path}`, { headers });
      assert.equal(answer.status, expected, String(authorization));
      const challenge = answer.headers["www-authenticate"];
      if (expected === 401)
        assert.equal(challenge, `Bearer realm="fairlead"${isWrong ? ', error="invalid_token"' : ""}`);
    }
  }
  assert.equal((await ask(t, `${origin}/nothing`)).status, 401);
  assert.equal((await ask(t, `${origin}/api/v1/reload`, { method: "POST" })).status, 401);
});

test("probes need neither a token nor a name", async (t) => {
  const fake = await startFake(t, { token: TOKEN });
  for (const path of ["/livez", "/readyz", "/healthz"]) {
    const { status } = await ask(t, `${fake.origin}${path}`, { headers: { Host: "probe.example" } });
    assert.equal(status, 200, path);
  }
});

test("another token and other hosts count from the next request on", async (t) => {
  const { admin, origin } = await startFake(t, { token: TOKEN });
  const asked = async (token: string, Host: string) =>
    (await ask(t, `${origin}/api/v1/status`, { headers: { authorization: `Bearer ${token}`, Host } })).status;
  assert.deepEqual([await asked(TOKEN, "localhost"), await asked(TOKEN, "new.example")], [200, 421]);
  admin.protect({ host: "127.0.0.1", port: 0, token: "another-token-of-some-length", hosts: ["new.example"] });
  assert.deepEqual(
    [await asked(TOKEN, "new.example"), await asked("another-token-of-some-length", "new.example")],
    [401, 200],
  );
});
