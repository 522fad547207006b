/** Probes that ask for a page. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { RawPeer } from "../kit/raw.ts";
import { askScript } from "./asking.ts";

const HTTP = { kind: "http" };

/** Takes the request, and answers with this. */
const answering =
  (...parts: readonly (string | Uint8Array)[]) =>
  async (peer: RawPeer): Promise<void> => {
    await peer.head();
    for (const part of parts) peer.write(part);
  };

const answer = (status: number, body = "", headers = ""): string =>
  `HTTP/1.1 ${status} So\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

test("it asks for the path as an ordinary client would", async (t) => {
  const { failure, rttMs } = await askScript(t, { ...HTTP, path: "/healthz?deep=1" }, async (peer) => {
    const head = await peer.head();
    assert.equal(head.first, "GET /healthz?deep=1 HTTP/1.1");
    assert.match(head.get("Host") ?? "", /^127\.0\.0\.1:\d+$/);
    assert.equal(head.get("User-Agent"), "fairlead-probe");
    peer.write(answer(204));
  });
  assert.equal(failure, undefined);
  assert.ok((rttMs ?? -1) > 0);
});

for (const [statuses, well, ill] of [
  [undefined, [200, 204, 299], [301, 404, 500, 503]],
  [
    [200, "3xx", 401],
    [200, 302, 399, 401],
    [201, 400, 403],
  ],
  [
    ["200-399", "404-404"],
    [200, 302, 399, 404],
    [400, 403, 405, 503],
  ],
] as const) {
  for (const status of [...well, ...ill]) {
    const isWell = well.some((one) => one === status);
    test(`${status} is ${isWell ? "well" : "a failure"} where ${statuses?.join(", ") ?? "2xx"} are well`, async (t) => {
      const active = { ...HTTP, ...(statuses !== undefined && { statuses: [...statuses] }) };
      const { failure } = await askScript(t, active, answering(answer(status)));
      assert.deepEqual(failure, isWell ? undefined : { signal: "dial-failed", reason: `it answered ${status}` });
    });
  }
}

test("the body has to hold what is expected of it, in however many pieces it comes", async (t) => {
  const active = { ...HTTP, expect: { contains: "all is wéll" } };
  const bytes = Buffer.from(answer(200, "so far all is wéll here"));
  const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
  assert.equal((await askScript(t, active, answering(...pieces))).failure, undefined);
  const { failure } = await askScript(t, active, answering(answer(200, "all is wrong")));
  assert.deepEqual(failure, { signal: "dial-failed", reason: "its answer does not hold what it should" });
  const regex = { ...HTTP, expect: { regex: '"ok":\\s*true' } };
  assert.equal((await askScript(t, regex, answering(answer(200, '{ "ok":  true }')))).failure, undefined);
  assert.equal((await askScript(t, regex, answering(answer(200, '{ "ok": false }')))).failure?.signal, "dial-failed");
});

test("no more than the first 64 KiB of a body are read, of one that never ends as well", async (t) => {
  const active = { ...HTTP, expect: { contains: "found" } };
  const endless = "HTTP/1.1 200 So\r\nTransfer-Encoding: chunked\r\n\r\n";
  const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
  const early = answering(endless, chunk("found"), chunk("x".repeat(70_000)));
  assert.equal((await askScript(t, active, early)).failure, undefined);
  const late = answering(endless, chunk("x".repeat(65_536)), chunk("found"));
  assert.equal((await askScript(t, active, late)).failure?.reason, "its answer does not hold what it should");
});

test("a body that is not wanted is not waited for; one that is cut off is a failure", async (t) => {
  const begun = "HTTP/1.1 200 So\r\nContent-Length: 10\r\n\r\nhalf";
  assert.equal((await askScript(t, HTTP, answering(begun))).failure, undefined);
  const cut = await askScript(t, { ...HTTP, expect: { contains: "half" } }, async (peer) => {
    await answering(begun)(peer);
    peer.half();
  });
  assert.equal(cut.failure?.signal, "unexpected-close");
});

test("what is no answer, and none at all, are failures", async (t) => {
  assert.equal((await askScript(t, HTTP, answering("what?\r\n\r\n"))).failure?.signal, "dial-failed");
  assert.equal((await askScript(t, HTTP, (peer) => peer.reset())).failure?.signal, "dial-failed");
  const upgrade = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
  assert.equal((await askScript(t, HTTP, answering(upgrade))).failure?.signal, "protocol-error");
  const silent = await askScript(t, { ...HTTP, timeout: "200ms" }, answering());
  assert.deepEqual(silent.failure, { signal: "heartbeat-timeout", reason: "no answer in time" });
});

for (const [said, load] of [
  ["0", 0],
  ["1", 1],
  ["0.75", 0.75],
  [".5", 0.5],
  ["1.0", 1],
  ["1.01", 1],
  ["-0.1", undefined],
  ["2", 1],
  ["75%", undefined],
  ["0.5, 0.6", undefined],
  ["1e-1", undefined],
  ["", undefined],
] as const) {
  test(`Fairlead-Load: ${said} is a load of ${load}`, async (t) => {
    const finding = await askScript(t, HTTP, answering(answer(200, "", `Fairlead-Load: ${said}\r\n`)));
    assert.deepEqual([finding.failure, finding.load], [undefined, load]);
  });
}

test("a backend that is ill may say how loaded it is too", async (t) => {
  const finding = await askScript(t, HTTP, answering(answer(503, "", "Fairlead-Load: 1\r\n")));
  assert.deepEqual([finding.failure?.signal, finding.load], ["dial-failed", 1]);
});
