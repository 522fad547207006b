/** What only a leg over TLS can meet. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { test as nodeTest } from "node:test";
import type { TestContext } from "node:test";
import type { TLSSocket } from "node:tls";
import { createDriver, StreamLeg } from "../../src/wire/index.ts";
import { lastly } from "../kit/cleanup.ts";
import { until } from "../kit/until.ts";
import { DRIVERS, loadBinding } from "../kit/drivers.ts";
import { comesTo, listenerOf, openLeg, WAYS } from "./legs.ts";
import type { Story } from "./legs.ts";
import { listening, secureServer, settled, WIRES } from "./wires.ts";

for (const [driver, wire] of WAYS.filter(([, { tls }]) => tls)) {
  const test = (name: string, story: (t: TestContext) => Promise<void>): void =>
    void nodeTest(`${driver.name}, ${wire.name}: ${name}`, story);
  const open = (t: TestContext): Promise<Story> => openLeg(t, driver, wire);

  test("a pause holds in the middle of what came at once, and nothing is lost by it, nor the end", async (t) => {
    const { leg, peer, told, listener } = await open(t);
    const all = randomBytes(200_000);
    const parts: Buffer[] = [];
    let given = 0;
    leg.listener = {
      ...listener,
      onBytes(bytes) {
        parts.push(Buffer.from(bytes));
        given += 1;
        leg.pause();
      },
    };
    leg.resume();
    peer.write(all);
    peer.half();
    while (told.length === 0) {
      const before = given;
      await new Promise(setImmediate);
      assert.ok(given <= before + 1, "given while paused");
      assert.ok(told.length === 0 || Buffer.concat(parts).length === all.length, "the end comes last");
      leg.resume();
    }
    assert.deepEqual(told, ["<end>"]);
    assert.ok(Buffer.concat(parts).equals(all));
  });

  test("bytes that make no TLS break the connection, once", async (t) => {
    const { leg, beneath, told } = await open(t);
    leg.resume();
    beneath.write(Buffer.alloc(100, 0x17));
    await comesTo(told, "<broken>");
    leg.destroy();
    await new Promise(setImmediate);
    assert.deepEqual(told, ["<broken>"]);
  });

  test("a connection that ends without TLS's own end has ended all the same", async (t) => {
    const { leg, beneath, told } = await open(t);
    leg.resume();
    beneath.destroy();
    await until(() => told.length > 0, "the end");
    assert.match(told[0] ?? "", /<end>|<broken>/);
    leg.destroy();
    await until(() => leg.closed, "the leg is closed");
  });
}

for (const driver of DRIVERS) {
  const test = (name: string, story: (t: TestContext) => Promise<void>): void =>
    void nodeTest(`${driver.name}: ${name}`, story);

  test("keys may be exchanged in the middle of a connection", async (t) => {
    const server = secureServer("TLSv1.3");
    const port = await listening(t, server);
    const secured = once(server, "secureConnection");
    const client = spawn("openssl", ["s_client", "-connect", `127.0.0.1:${port}`, "-tls1_3"]);
    lastly(t, () => void client.kill());
    let output = "";
    for (const stream of [client.stdout, client.stderr]) {
      stream.on("data", (text: Buffer) => (output += text.toString("latin1")));
    }
    const [socket] = (await secured) as [TLSSocket];
    lastly(t, () => void socket.destroy());
    await settled();
    const told: string[] = [];
    const leg = driver.drive(new StreamLeg(socket, listenerOf(told)));
    lastly(t, () => leg.destroy());
    leg.resume();
    for (let round = 1; round <= 3; round += 1) {
      client.stdin.write("hello\n");
      await comesTo(told, "hello\n".repeat(round));
      leg.write(Buffer.from(`answer ${round}`));
      // A line that is only this asks for new keys in both directions.
      client.stdin.write("K\n");
      await until(() => output.split("KEYUPDATE").length > round, "new keys");
    }
    client.stdin.end("Q\n");
    await until(() => told.includes("<end>"), "the end");
    for (const answer of ["answer 1", "answer 2", "answer 3"]) {
      await until(() => output.includes(answer), answer);
    }
  });
}

nodeTest("handle: a backend that negotiates anew is refused", async (t) => {
  const driver = createDriver("handle", loadBinding);
  const wire = WIRES.find(({ name }) => name === "TLSv1.2 to a backend");
  assert.ok(wire);
  const { leg, peer, told } = await openLeg(t, driver, wire);
  leg.resume();
  // The peers of our TLS wires are TLS sockets.
  (peer.socket as TLSSocket).renegotiate({}, () => {});
  await comesTo(told, "<broken>");
});

nodeTest("a connection that is driven by its handle is none of its server's any more", async (t) => {
  const driver = createDriver("handle", loadBinding);
  for (const wire of WIRES.filter(({ tls }) => tls)) {
    const { server, leg, peer, told } = await openLeg(t, driver, wire);
    if (server === undefined) continue;
    const count = (): Promise<number> =>
      new Promise((resolve, reject) => {
        server.getConnections((error, connections) => (error === null ? resolve(connections) : reject(error)));
      });
    await until(async () => (await count()) === 0, "the server counts none");
    leg.resume();
    peer.write("still there");
    await comesTo(told, "still there");
  }
});
