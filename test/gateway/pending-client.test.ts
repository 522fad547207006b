/** A client that waits for the answer to its handshake. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Socket } from "node:net";
import { test } from "node:test";

import { systemClock, Wheel } from "../../src/base/index.ts";
import { PendingClient } from "../../src/gateway/pending-client.ts";
import { NOBODY, StreamLeg } from "../../src/wire/index.ts";
import { lastly } from "../kit/cleanup.ts";
import { until } from "../kit/until.ts";

/** Far above what a paused socket reads ahead, and far below what the client would send. */
const READ_BYTES_MAX = 1 << 20;

test("a client that sends more than maxEarlyData is read no further until its tunnel is open", async (t) => {
  const server = createServer({ pauseOnConnect: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  lastly(t, () => void server.close());
  const arrived = once(server, "connection");
  const sender = connect((server.address() as AddressInfo).port, "127.0.0.1");
  lastly(t, () => void sender.destroy());
  const [socket] = (await arrived) as [Socket];
  const earlyBytesMax = 10_000;
  const client = new PendingClient(
    new StreamLeg(socket, NOBODY),
    Buffer.alloc(0),
    earlyBytesMax,
    new Wheel(systemClock),
    () => {},
  );
  lastly(t, () => client.leg.destroy());
  sender.write(Buffer.alloc(64 << 20));
  await until(() => socket.isPaused(), "it is read no further");
  // Node itself reads a little ahead; whatever the client could send, it is no more than that.
  for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
  assert.ok(
    socket.bytesRead >= earlyBytesMax && socket.bytesRead < READ_BYTES_MAX,
    `${socket.bytesRead} bytes were read`,
  );
  const early = client.takeEarly()?.length ?? 0;
  assert.ok(early >= earlyBytesMax && early < READ_BYTES_MAX, `${early} bytes are held`);
});
