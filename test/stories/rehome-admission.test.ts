/** Tunnels that lose their backend get places like new clients: at the pace, and up to the limit, that others have. */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import type { ConfigInput } from "../../src/index.ts";
import { startEchoes, type EchoBackend } from "../kit/backends.ts";
import { startBalancer, type Harbour } from "../kit/balancer.ts";
import { openWs, type Client } from "../kit/clients.ts";
import { until } from "../kit/until.ts";

const CLIENTS = 12;

type Pool = NonNullable<ConfigInput["pools"]>[string];

interface Loss {
  readonly fairlead: Harbour;
  readonly clients: readonly Client[];
  readonly other: EchoBackend;
}

/** The clients are at one backend as far as it has room; it is killed. */
const lose = async (t: TestContext, pool: Partial<Pool>, timeout: string, limits = {}): Promise<Loss> => {
  const [doomed, other] = await startEchoes(t, 2);
  assert.ok(doomed !== undefined && other !== undefined);
  const backends = [
    { url: doomed.url, weight: 1_000 },
    { url: other.url, weight: 0.000_001, ...limits },
  ];
  const fairlead = await startBalancer(t, {
    pools: { chat: { backends, balance: "random", ...pool } },
    defaultPool: "chat",
    tunnel: { rehome: { timeout } },
  });
  const clients: Client[] = [];
  for (let at = 0; at < CLIENTS; at += 1) clients.push(await openWs(t, fairlead.url));
  await doomed.kill();
  return { fairlead, clients, other };
};

test("where a rate is set they come at that rate, and all stay", async (t) => {
  // Six come to each backend at once; then the other one takes two in a second.
  const admission = { rate: 2, burst: CLIENTS / 2 };
  const { clients, other, fairlead } = await lose(t, { admission }, "20s");
  const begun = performance.now();
  await until(() => other.sockets.size === CLIENTS, "all are at the other one");
  assert.ok(performance.now() - begun > 1_500);
  for (const { socket } of clients) assert.equal(socket.readyState, socket.OPEN);
  await Promise.all(clients.map((client) => client.bye()));
  await fairlead.idle();
});

test("those for which there is no room get 1012 when the time is over, and the others stay", async (t) => {
  const room = 5;
  const { clients, other, fairlead } = await lose(t, {}, "4s", { maxConnections: room });
  const isClosed = ({ socket }: Client): boolean => socket.readyState === socket.CLOSED;
  await until(() => clients.filter(isClosed).length === CLIENTS - room, "the others are told");
  assert.equal(other.sockets.size, room);
  for (const client of clients.filter(isClosed)) assert.equal((await client.closed()).code, 1012);
  const staying = clients.filter((client) => !isClosed(client));
  for (const client of staying) assert.equal(await client.ask("still here?"), "still here?");
  await Promise.all(staying.map((client) => client.bye()));
  await fairlead.idle();
});
