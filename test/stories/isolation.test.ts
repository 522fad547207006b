/** Five hundred tunnels at once: nothing is lost, doubled, reordered, or handed to the wrong one. */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import type { WebSocket } from "ws";
import { startEcho, type EchoBackend } from "../kit/backends.ts";
import { startBalancer, urlsOf, type Harbour } from "../kit/balancer.ts";
import { cargoOf, sealOf, sealsOf, shipAll } from "../kit/cargo.ts";
import { openWs, type Client } from "../kit/clients.ts";
import { until } from "../kit/until.ts";

const TUNNELS = 500;
const PARCELS = 12;
/** One tunnel in so many carries a message of nearly 4 MiB each way. */
const LARGE_EVERY = 20;
const PATIENCE_MS = 120_000;

/** The backend's direction has seeds of its own. */
const BACKEND_SEED = 1_000_000;

const isLarge = (id: number): boolean => id % LARGE_EVERY === 0;

/** What each backend has received, by tunnel. */
type Manifest = Map<number, string[]>;

const serveCargo =
  (manifest: Manifest) =>
  (socket: WebSocket, request: { readonly url?: string | undefined }): void => {
    const id = Number(request.url?.split("=")[1]);
    const seals: string[] = [];
    manifest.set(id, seals);
    socket.on("message", (data: Buffer, isBinary) => seals.push(sealOf(data, isBinary)));
    socket.once("message", () => void shipAll(socket, cargoOf(BACKEND_SEED + id, PARCELS, isLarge(id))));
  };

const startFleet = (t: TestContext, manifest: Manifest): Promise<EchoBackend[]> =>
  Promise.all([1, 2, 3].map(() => startEcho(t, { deflate: { threshold: 0 }, onSocket: serveCargo(manifest) })));

const seals = (client: Client): string[] => client.messages.map(({ data, isBinary }) => sealOf(data, isBinary));

const board = (t: TestContext, fairlead: Harbour, id: number): Promise<Client> =>
  openWs(t, `${fairlead.url}/?tunnel=${id}`, { perMessageDeflate: id % 2 === 0 && { threshold: 0 } });

const sail = async (client: Client, id: number, manifest: Manifest): Promise<void> => {
  const pongs: string[] = [];
  client.socket.on("pong", (payload) => pongs.push(payload.toString()));
  const cargo = cargoOf(id, PARCELS, isLarge(id));
  const pings = await shipAll(client.socket, cargo);
  const arrived = (): boolean => client.messages.length >= PARCELS && (manifest.get(id)?.length ?? 0) >= PARCELS;
  await until(() => arrived() && pongs.length >= pings.length, `tunnel ${id} has all its messages`, PATIENCE_MS);
  assert.deepEqual(await client.bye(), { code: 1000, reason: "" });
  assert.deepEqual(manifest.get(id), sealsOf(cargo), `from client ${id}`);
  assert.deepEqual(seals(client), sealsOf(cargoOf(BACKEND_SEED + id, PARCELS, isLarge(id))), `to client ${id}`);
  assert.deepEqual(pongs, pings, `pongs of client ${id}`);
};

test("500 tunnels carry messages of 0 B to 4 MiB, fragmented, compressed, with pings between, both ways, each its own", async (t) => {
  const manifest: Manifest = new Map();
  const backends = await startFleet(t, manifest);
  const fairlead = await startBalancer(t, { backends: urlsOf(backends) });
  const clients: Client[] = [];
  for (let id = 0; id < TUNNELS; id += 1) clients.push(await board(t, fairlead, id));
  await Promise.all(clients.map((client, id) => sail(client, id, manifest)));
  await until(() => fairlead.records.length === TUNNELS, "a record of each");
  assert.ok(
    fairlead.records.every(
      (record) => record.tunnel?.client.messages === PARCELS && record.tunnel.backend.messages === PARCELS,
    ),
  );
  await fairlead.idle();
});
