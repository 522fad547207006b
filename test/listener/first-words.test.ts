/** The first bytes of a connection: a good handshake goes straight on, everything else goes to Node's server as it came. */
import assert from "node:assert/strict";
import { test as nodeTest } from "node:test";
import type { TestContext } from "node:test";

import { startEcho } from "../kit/backends.ts";
import { startBalancer } from "../kit/balancer.ts";
import type { Harbour } from "../kit/balancer.ts";
import { readBytes, upgradeHead } from "../kit/heads.ts";
import { rawConnect } from "../kit/raw.ts";
import type { RawPeer } from "../kit/raw.ts";
import { until } from "../kit/until.ts";

for (const socketDriver of ["stream", "handle"] as const) {
  const test = (name: string, story: (t: TestContext) => Promise<void>): void =>
    void nodeTest(`${socketDriver}: ${name}`, story);

  const serve = async (t: TestContext): Promise<Harbour> => {
    const backend = await startEcho(t, { name: "one" });
    return startBalancer(t, { backends: [backend.url], socketDriver });
  };

  const echoes = async (peer: RawPeer): Promise<void> => {
    assert.equal((await peer.head()).status, 101);
    peer.text("hello");
    assert.equal((await peer.frame()).payload.toString(), "hello");
  };

  test("a handshake that comes whole is taken", async (t) => {
    const harbour = await serve(t);
    const peer = await rawConnect(t, harbour.port);
    peer.write(upgradeHead("/socket"));
    await echoes(peer);
  });

  test("a handshake that comes byte by byte is taken as well", async (t) => {
    const harbour = await serve(t);
    const peer = await rawConnect(t, harbour.port);
    peer.socket.setNoDelay(true);
    for (const byte of upgradeHead("/socket")) {
      peer.write(byte);
      await new Promise(setImmediate);
    }
    await echoes(peer);
  });

  test("a plain request is answered, the next one on the same connection, and a handshake behind them", async (t) => {
    const harbour = await serve(t);
    const peer = await rawConnect(t, harbour.port);
    for (let count = 1; count <= 2; count += 1) {
      peer.write("GET /who HTTP/1.1\r\nHost: a\r\n\r\n");
      const head = await peer.head();
      assert.equal(head.status, 200);
      await peer.received.take(readBytes(Number(head.get("Content-Length"))), "the body");
      await until(() => harbour.records.length === count, "the record");
    }
    peer.write(upgradeHead("/socket"));
    await echoes(peer);
  });

  test("a request whose body comes with it, and later, is passed on whole", async (t) => {
    const body: Buffer[] = [];
    const backend = await startEcho(t, {
      onRequest: (request, response) => {
        request.on("data", (bytes: Buffer) => void body.push(bytes));
        request.on("end", () => response.end("thanks"));
      },
    });
    const harbour = await startBalancer(t, { backends: [backend.url], socketDriver });
    const peer = await rawConnect(t, harbour.port);
    peer.write("POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst");
    await until(() => Buffer.concat(body).toString() === "first", "the first half");
    peer.write("other");
    await until(() => Buffer.concat(body).toString() === "firstother", "the other half");
    assert.equal((await peer.head()).status, 200);
  });

  test("a handshake that is not good gets the answer that tells what is wrong", async (t) => {
    const harbour = await serve(t);
    const peer = await rawConnect(t, harbour.port);
    peer.write(upgradeHead("/socket").replace("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 12"));
    const head = await peer.head();
    assert.deepEqual([head.status, head.get("Sec-WebSocket-Version")], [426, "13"]);
  });

  test("a connection that says nothing is counted as long as it is there, and leaves no record", async (t) => {
    const harbour = await serve(t);
    const peer = await rawConnect(t, harbour.port);
    await until(async () => (await harbour.balancer.status()).connections === 1, "it is counted");
    peer.half();
    await peer.received.ending();
    await until(async () => (await harbour.balancer.status()).connections === 0, "it is gone");
    assert.equal(harbour.records.length, 0);
  });
}
