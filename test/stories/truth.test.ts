/**
 * The end of a tunnel is truthful, whoever caused it: what each side is told, row by row, between two ends whose every
 * byte is the test's own.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { closePayload, OPCODE, type FrameParts } from "../kit/frames.ts";
import { endOf, openRawTunnel, type RawTunnel } from "../kit/tunnel.ts";

/** Where a stream stands when the end comes. */
const PHASES: Readonly<Record<string, { readonly frames: readonly FrameParts[]; readonly boundary: boolean }>> = {
  "before any frame": { frames: [], boundary: true },
  "behind a message": { frames: [{ opcode: OPCODE.text, payload: "whole" }], boundary: true },
  "between two fragments": { frames: [{ opcode: OPCODE.text, payload: "first", fin: false }], boundary: true },
  "in the middle of a frame": { frames: [{ opcode: OPCODE.binary, payload: "cut", claims: 100 }], boundary: false },
};

/** How a peer goes away without a word. */
const WAYS = ["reset", "half"] as const;

for (const [phase, { frames, boundary }] of Object.entries(PHASES)) {
  for (const way of WAYS) {
    const how = way === "reset" ? "resets" : "ends without a Close";

    test(`a backend that ${how} ${phase} costs its client a ${boundary ? "1012" : "broken connection, never a Close inside a frame"}`, async (t) => {
      const tunnel = await openRawTunnel(t);
      tunnel.server.send(...frames);
      for (const parts of frames) await readPart(tunnel, "client", parts);
      tunnel.server[way]();
      if (boundary) {
        await tunnel.client.expectClose(1012);
        tunnel.client.close(1012);
      }
      await tunnel.client.farewell();
      assert.equal(tunnel.client.received.rest().length, 0);
      tunnel.client.half();
      const record = await tunnel.aftermath();
      assert.deepEqual(endOf(record).slice(0, 3), ["backend", "backend-vanished", boundary ? 1012 : null]);
      assert.equal(await tunnel.failures(), 1, "an unexpected closure is the backend's failure");
    });

    test(`a client that ${how} ${phase} is reported to the backend ${boundary ? "with 1001" : "by the end of the connection"}`, async (t) => {
      const tunnel = await openRawTunnel(t);
      tunnel.client.send(...frames);
      for (const parts of frames) await readPart(tunnel, "server", parts);
      tunnel.client[way]();
      if (boundary) {
        await tunnel.server.expectClose(1001);
        tunnel.server.close(1001);
      }
      await tunnel.server.farewell();
      tunnel.server.half();
      const record = await tunnel.aftermath();
      const [by, cause, , toBackend] = endOf(record);
      assert.deepEqual([by, cause, toBackend], ["client", "client-vanished", boundary ? 1001 : null]);
      assert.equal(await tunnel.failures(), 0);
    });
  }
}

/** Reads what was sent as it comes out on the other side: a frame, or the part of it that was written. */
const readPart = async (tunnel: RawTunnel, at: "client" | "server", parts: FrameParts): Promise<void> => {
  const peer = tunnel[at];
  if (parts.claims === undefined) {
    const got = await peer.frame();
    assert.deepEqual([got.opcode, got.fin, got.payload.toString()], [parts.opcode, parts.fin ?? true, parts.payload]);
    return;
  }
  const headBytes = at === "server" ? 6 : 2;
  const length = headBytes + Buffer.from(parts.payload ?? "").length;
  await peer.received.take((bytes) => (bytes.length < length ? undefined : { value: true, used: length }), "the part");
};

for (const [from, to] of [
  ["client", "server"],
  ["server", "client"],
] as const) {
  test(`a close by the ${from} passes unchanged, and so does the answer`, async (t) => {
    const tunnel = await openRawTunnel(t);
    tunnel[from].close(3210, "for a reason");
    assert.equal(await tunnel[to].expectClose(3210), "for a reason");
    tunnel[to].close(3211, "as you like");
    assert.equal(await tunnel[from].expectClose(3211), "as you like");
    tunnel.server.half();
    await tunnel.client.expectEnd("fin");
    tunnel.client.half();
    await tunnel.server.expectEnd("fin");
    const record = await tunnel.aftermath();
    assert.deepEqual(
      [record.tunnel?.endedBy, record.tunnel?.cause],
      [from === "server" ? "backend" : "client", `${from === "server" ? "backend" : "client"}-close`],
    );
  });

  test(`a close without a code by the ${from} stays without one`, async (t) => {
    const tunnel = await openRawTunnel(t);
    tunnel[from].close();
    assert.equal((await tunnel[to].frame()).payload.length, 0);
    tunnel[to].close();
    await tunnel[from].expectClose(1005);
    tunnel.server.half();
    tunnel.client.half();
    await tunnel.aftermath();
  });

  test(`messages that come behind the ${from}'s close, before the answer, still arrive`, async (t) => {
    const tunnel = await openRawTunnel(t);
    tunnel[from].close(1000);
    await tunnel[to].expectClose(1000);
    tunnel[to].text("one more thing");
    tunnel[to].close(1000);
    await tunnel[from].expectText("one more thing");
    await tunnel[from].expectClose(1000);
    tunnel.server.half();
    tunnel.client.half();
    await tunnel.aftermath();
  });

  test(`a ${to} that vanishes while the ${from}'s close is under way ends the tunnel in order`, async (t) => {
    const tunnel = await openRawTunnel(t);
    tunnel[from].close(1000);
    await tunnel[to].expectClose(1000);
    tunnel[to].reset();
    await tunnel[from].farewell();
    tunnel[from].half();
    await tunnel.aftermath();
  });

  test(`a ${to} that never answers the ${from}'s close is ended after closeTimeout`, async (t) => {
    const tunnel = await openRawTunnel(t, { tunnel: { closeTimeout: "300ms" } });
    tunnel[from].close(1000);
    await tunnel[to].expectClose(1000);
    await tunnel[from].farewell();
    tunnel[from].half();
    await tunnel[to].farewell();
    await tunnel.aftermath();
  });
}

test("a client that breaks the protocol gets 1002, the backend 1001, and what was sent before is still answered", async (t) => {
  const tunnel = await openRawTunnel(t);
  tunnel.client.send({ opcode: OPCODE.text, payload: "valid" }, { opcode: 3, payload: "broken" });
  await tunnel.server.expectText("valid");
  await tunnel.server.expectClose(1001);
  tunnel.server.text("answer");
  tunnel.server.close(1001);
  await tunnel.client.expectText("answer");
  await tunnel.client.expectClose(1002);
  await tunnel.client.expectEnd();
  tunnel.server.half();
  const record = await tunnel.aftermath();
  assert.deepEqual(endOf(record), ["client", "client-protocol-error", 1002, 1001]);
  assert.equal(await tunnel.failures(), 0);
});

test("a backend that breaks the protocol gets 1002, its client 1012, and what was sent before still arrives", async (t) => {
  const tunnel = await openRawTunnel(t);
  tunnel.server.send({ opcode: OPCODE.text, payload: "valid" }, { opcode: OPCODE.text, payload: "broken", rsv: 2 });
  await tunnel.client.expectText("valid");
  await tunnel.client.expectClose(1012);
  tunnel.client.text("last words");
  tunnel.client.close(1012);
  await tunnel.server.expectText("last words");
  await tunnel.server.expectClose(1002);
  await tunnel.server.farewell();
  tunnel.client.half();
  const record = await tunnel.aftermath();
  assert.deepEqual(endOf(record), ["backend", "backend-protocol-error", 1012, 1002]);
  assert.equal(await tunnel.failures(), 1);
});

test("a client that breaks the protocol inside a fragmented message is told so, and the backend hears 1001 at the boundary", async (t) => {
  const tunnel = await openRawTunnel(t);
  tunnel.client.send({ opcode: OPCODE.text, payload: "half", fin: false }, { opcode: OPCODE.text, payload: "new" });
  assert.equal((await tunnel.server.frame()).payload.toString(), "half");
  await tunnel.server.expectClose(1001);
  tunnel.server.close(1001);
  await tunnel.client.expectClose(1002);
  tunnel.server.half();
  tunnel.client.half();
  await tunnel.aftermath();
});

test("a violator gets its Close even with megabytes of its own still unread", async (t) => {
  const tunnel = await openRawTunnel(t);
  tunnel.client.send({ opcode: 3, payload: "broken" }, { opcode: OPCODE.binary, payload: Buffer.alloc(4_000_000) });
  await tunnel.server.expectClose(1001);
  tunnel.server.close(1001);
  await tunnel.client.expectClose(1002);
  tunnel.server.half();
  tunnel.client.half();
  await tunnel.aftermath();
});

test("too large a message costs its sender 1009 and the other side 1001", async (t) => {
  const fromClient = await openRawTunnel(t, { tunnel: { maxMessageSize: "1KiB" } });
  fromClient.client.send(
    { opcode: OPCODE.text, payload: "x".repeat(600), fin: false },
    { opcode: 0, payload: "x".repeat(600) },
  );
  await fromClient.server.frame();
  await fromClient.server.expectClose(1001);
  fromClient.server.close(1001);
  await fromClient.client.expectClose(1009);
  fromClient.client.half();
  fromClient.server.half();
  assert.deepEqual(endOf(await fromClient.aftermath()), ["fairlead", "client-message-too-large", 1009, 1001]);

  const fromServer = await openRawTunnel(t, { tunnel: { maxMessageSize: "1KiB" } });
  fromServer.server.send({ opcode: OPCODE.text, payload: "x".repeat(1025) });
  await fromServer.client.expectClose(1001);
  fromServer.client.close(1001);
  await fromServer.server.expectClose(1009);
  fromServer.server.half();
  fromServer.client.half();
  assert.deepEqual(endOf(await fromServer.aftermath()), ["fairlead", "backend-message-too-large", 1001, 1009]);
  assert.equal(await fromServer.failures(), 0, "a limit of ours is not the backend's failure");
});

test("a message of exactly the greatest size passes, whatever its frames", async (t) => {
  const tunnel = await openRawTunnel(t, { tunnel: { maxMessageSize: "1KiB" } });
  tunnel.client.send({ opcode: OPCODE.text, payload: "x".repeat(1024) });
  assert.equal((await tunnel.server.frame()).payload.length, 1024);
  tunnel.client.send(
    { opcode: OPCODE.text, payload: "x".repeat(1000), fin: false },
    { opcode: 0, payload: "x".repeat(24) },
  );
  await tunnel.server.frame();
  assert.equal((await tunnel.server.frame()).payload.length, 24);
});

test("the code for a lost backend can be chosen", async (t) => {
  const tunnel = await openRawTunnel(t, { tunnel: { backendLostCode: 4012 } });
  tunnel.server.reset();
  await tunnel.client.expectClose(4012);
  tunnel.client.close(4012);
  tunnel.client.half();
  await tunnel.aftermath();
});

test("stopping the balancer tells clients 1012 and backends 1001", async (t) => {
  const tunnel = await openRawTunnel(t);
  const closing = tunnel.fairlead.balancer.close({ drain: "100ms" });
  await tunnel.server.expectClose(1001);
  tunnel.server.close(1001);
  await tunnel.client.expectClose(1012);
  tunnel.client.close(1012);
  assert.equal((await tunnel.bystander.closed()).code, 1012);
  tunnel.server.half();
  tunnel.client.half();
  assert.deepEqual(await closing, { clean: true });
});

test("close reasons never hold an address, a port or a path", async (t) => {
  const tunnel = await openRawTunnel(t);
  tunnel.server.reset();
  const reason = await tunnel.client.expectClose(1012);
  assert.doesNotMatch(reason, /\d|\/|raw|localhost/);
});

test("a transparent route passes what breaks the rules, in both directions", async (t) => {
  const tunnel = await openRawTunnel(t, { tunnel: { transparent: true } });
  tunnel.client.send({ opcode: 3, payload: "odd" }, { opcode: OPCODE.ping, payload: "x".repeat(126) });
  assert.equal((await tunnel.server.frame()).opcode, 3);
  assert.equal((await tunnel.server.frame()).payload.length, 126);
  tunnel.server.send({ opcode: OPCODE.text, payload: "bits", rsv: 3 });
  assert.equal((await tunnel.client.frame()).rsv, 3);
  tunnel.server.send({ opcode: OPCODE.close, payload: closePayload(1006) });
  await tunnel.client.expectClose(1006);
});
