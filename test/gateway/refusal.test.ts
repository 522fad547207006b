/** A backend's own refusal of a handshake, when something goes wrong while it is passed on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import type { AccessRecord } from "../../src/index.ts";
import { startBalancer } from "../kit/balancer.ts";
import type { Harbour } from "../kit/balancer.ts";
import { readBytes, upgradeHead } from "../kit/heads.ts";
import { rawConnect, startRaw } from "../kit/raw.ts";
import type { RawPeer } from "../kit/raw.ts";

interface Refused {
  readonly fairlead: Harbour;
  readonly client: RawPeer;
  readonly server: RawPeer;
  readonly record: () => Promise<AccessRecord>;
}

/** A client whose handshake has reached the backend, which has begun its answer with this. */
const refuse = async (t: TestContext, beginning: string): Promise<Refused> => {
  const backend = await startRaw(t);
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const client = await rawConnect(t, fairlead.port);
  client.write(upgradeHead("/refused"));
  const server = await backend.peer();
  await server.head();
  server.write(beginning);
  assert.equal((await client.head()).status, 403);
  return { fairlead, client, server, record: () => fairlead.record(({ path }) => path === "/refused") };
};

test("a refusal whose body stays incomplete breaks the client's connection off, so that it cannot be taken for whole", async (t) => {
  for (const head of ["Content-Length: 10", "Transfer-Encoding: chunked"]) {
    const { fairlead, client, server, record } = await refuse(t, `HTTP/1.1 403 No\r\n${head}\r\n\r\n`);
    server.write(head.startsWith("C") ? "half" : "5\r\nhel");
    server.half();
    await client.received.ending();
    assert.deepEqual([(await record()).status, (await record()).error], [403, "BACKEND_CLOSED_EARLY"]);
    await fairlead.idle();
  }
});

test("a refusal whose chunks are no chunks breaks the client's connection off", async (t) => {
  const { fairlead, client, server, record } = await refuse(t, "HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n");
  server.write("not a size\r\n");
  await client.received.ending();
  assert.equal((await record()).error, "BACKEND_CLOSED_EARLY");
  await server.received.ending();
  await fairlead.idle();
});

test("a client that goes away within a refusal takes the backend's connection with it", async (t) => {
  const { fairlead, client, server, record } = await refuse(t, "HTTP/1.1 403 No\r\nContent-Length: 100000000\r\n\r\n");
  client.reset();
  await server.received.ending();
  assert.equal((await record()).status, 403);
  await fairlead.idle();
});

test("a client that reads slowly gets a large refusal whole", async (t) => {
  const size = 8 << 20;
  const { fairlead, client, server, record } = await refuse(t, `HTTP/1.1 403 No\r\nContent-Length: ${size}\r\n\r\n`);
  client.socket.pause();
  server.write(Buffer.alloc(size, "r"));
  await new Promise(setImmediate);
  client.socket.resume();
  const body = await client.received.take(readBytes(size), "the body");
  assert.ok(body.every((byte) => byte === 0x72));
  assert.equal((await record()).error, null);
  await client.expectEnd("fin");
  client.half();
  await fairlead.idle();
});

test("what a backend sends behind the end of its refusal does not reach the client", async (t) => {
  const { client, record } = await refuse(t, "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nnoHTTP/1.1 200 OK\r\n\r\n");
  assert.equal((await client.received.take(readBytes(2), "the body")).toString(), "no");
  await client.expectEnd("fin");
  client.half();
  assert.equal((await record()).error, null);
});
