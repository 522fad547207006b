import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { createAssets } from "../../src/admin/assets.ts";
import { lastly } from "../kit/cleanup.ts";

/** An action that the page has asked the API for. */
export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly body: unknown;
  readonly contentType: string | undefined;
}

type Fields = Record<string, unknown>;

/** What stands behind an API that is only played, and may be changed while it is looked at. */
export interface World {
  status: Fields & { pools: (Fields & { backends: Fields[] })[] };
  samples: Fields[];
  moves: Fields[];
  tunnels: Fields[];
  events: Fields[];
  /** What the API wants to be shown; undefined when it wants nothing. */
  token: string | undefined;
  /** What the next action is refused with. */
  refuse: { status: number; body: unknown } | undefined;
  /** The API answers nothing but 500. */
  broken: boolean;
}

export interface Played {
  readonly url: string;
  readonly world: World;
  /** Requests that change something, in order. */
  readonly actions: Asked[];
  /** Paths of all requests, in order. */
  readonly requests: string[];
  /** Tells an event to whoever listens. */
  tell(event: Fields): void;
  close(): Promise<void>;
}

export const backend = (name: string, more: Fields = {}): Fields => ({
  name,
  weight: 1,
  health: "healthy",
  reason: "no failure has been seen yet",
  since: "2026-11-23T10:00:00.000Z",
  outUntil: null,
  spared: null,
  warming: null,
  flaps: 0,
  penalty: 0,
  state: "active",
  stateSince: "2026-11-23T10:00:00.000Z",
  rtt: null,
  flow: null,
  measured: null,
  maxConnections: null,
  open: 0,
  inFlight: 0,
  load: 0,
  tunnels: 0,
  requests: 0,
  failures: 0,
  ...more,
});

/** A pool with backends. */
export const pool = (name: string, backends: Fields[]): Fields & { backends: Fields[] } => ({
  name,
  balance: "least-connections",
  affinity: "none",
  panic: false,
  panicking: null,
  queued: 0,
  backends,
});

/** An open tunnel. */
export const tunnel = (id: number, more: Fields = {}): Fields => ({
  id: `t${id}`,
  worker: 1 + (id % 2),
  listener: "0.0.0.0:8080",
  route: "chat",
  pool: "chat",
  backend: "ws://10.0.0.1:9000",
  client: `192.0.2.${id % 250}`,
  host: "chat.example.com",
  path: "/socket",
  started: "2026-11-23T10:00:00.000Z",
  ageMs: 60_000 + id * 1000,
  idleMs: id * 100,
  state: "open",
  pinned: false,
  rehomed: 0,
  fromClient: { messages: id, bytes: id * 100 },
  fromBackend: { messages: id * 2, bytes: id * 900 },
  clientRttMs: 20 + (id % 40),
  backendRttMs: 1.5,
  ...more,
});

const started = (): string => new Date(Date.now() - 7_500_000).toISOString();

const emptyWorld = (): World => ({
  status: {
    version: "0.1.0",
    state: "running",
    started: started(),
    listeners: [{ name: "0.0.0.0:8080", host: "0.0.0.0", port: 8080, url: "ws://127.0.0.1:8080" }],
    workers: [{ id: 1, pid: 11, tunnels: 0, requests: 0, connections: 0, maxTunnels: null }],
    handshakes: 0,
    tunnels: 0,
    requests: 0,
    connections: 0,
    maxTunnels: null,
    descriptors: null,
    refusedTunnels: 0,
    refusedConnections: 0,
    pools: [],
  },
  samples: [],
  moves: [],
  tunnels: [],
  events: [],
  token: undefined,
  refuse: undefined,
  broken: false,
});

/** Plays the admin API of an instance, and serves the dashboard as the admin listener does. */
export const playInstance = async (t: TestContext, change: Partial<World> = {}): Promise<Played> => {
  const world = { ...emptyWorld(), ...change };
  const assets = createAssets();
  const streams = new Set<ServerResponse>();
  const actions: Asked[] = [];
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://localhost");
    requests.push(url.pathname);
    const asset = assets(url.pathname);
    if (asset !== undefined) return void response.writeHead(200, asset.headers).end(asset.body);
    void answer(world, request, url, { streams, actions }).then((said) => {
      if (said === undefined) return openStream(world, response, streams);
      response.writeHead(said.status, { "Content-Type": "application/json" });
      return response.end(JSON.stringify(said.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  lastly(t, close);
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const tell = (event: Fields): void => {
    world.events.push(event);
    for (const stream of streams) stream.write(`id: ${String(event["id"])}\ndata: ${JSON.stringify(event)}\n\n`);
  };
  return { url: `http://127.0.0.1:${port}/`, world, actions, requests, tell, close };
};

interface Ears {
  readonly streams: Set<ServerResponse>;
  readonly actions: Asked[];
}

type Answer = { readonly status: number; readonly body: unknown };

/** The answer; undefined for a stream of events. */
const answer = async (world: World, request: IncomingMessage, url: URL, ears: Ears): Promise<Answer | undefined> => {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  const { method = "GET", headers } = request;
  if (world.token !== undefined && headers.authorization !== `Bearer ${world.token}`) {
    return { status: 401, body: { error: { code: "TOKEN_NEEDED", message: "A token is needed." } } };
  }
  if (world.broken) return { status: 500, body: { error: { code: "INTERNAL", message: "It does not work today." } } };
  if (method === "GET") return read(world, url);
  const body: unknown = text === "" ? undefined : JSON.parse(text);
  ears.actions.push({ method, path: url.pathname + url.search, body, contentType: headers["content-type"] });
  if (world.refuse === undefined) return { status: 200, body: { id: "m9", total: 3 } };
  const refused = world.refuse;
  world.refuse = undefined;
  return refused;
};

const read = (world: World, url: URL): Answer | undefined => {
  const ok = (body: unknown): Answer => ({ status: 200, body });
  const ofKind = (kind: string): Fields[] => world.moves.filter((move) => move["kind"] === kind);
  switch (url.pathname) {
    case "/api/v1/status":
      return ok(world.status);
    case "/api/v1/history":
      return ok(world.samples.filter(({ time }) => Date.parse(String(time)) > Number(url.searchParams.get("since"))));
    case "/api/v1/drains":
      return ok(ofKind("drain"));
    case "/api/v1/rebalances":
      return ok(ofKind("rebalance"));
    case "/api/v1/tunnels":
      return ok(tunnelsOf(world, url.searchParams));
    case "/api/v1/events":
      return undefined;
    default:
      return { status: 404, body: { error: { code: "NOT_FOUND", message: `There is no ${url.pathname}.` } } };
  }
};

const SORTS: Readonly<Record<string, (tunnel: Fields) => unknown>> = {
  age: ({ ageMs }) => ageMs,
  idle: ({ idleMs }) => idleMs,
  rtt: ({ clientRttMs }) => clientRttMs,
};

const tunnelsOf = ({ tunnels }: World, query: URLSearchParams): unknown => {
  const plain = new Set(["pool", "backend", "client", "route", "host"]);
  const wanted = [...query].filter(([name]) => plain.has(name));
  const fitting = tunnels.filter((one) => wanted.every(([name, value]) => one[name] === value));
  const sort = query.get("sort") ?? "-age";
  const by = SORTS[sort.replace("-", "")] ?? ((one: Fields) => one["id"]);
  const sign = sort.startsWith("-") ? -1 : 1;
  const sorted = fitting.toSorted((a, b) => sign * (Number(by(a)) - Number(by(b))));
  const offset = Number(query.get("offset"));
  return { total: fitting.length, offset, tunnels: sorted.slice(offset, offset + Number(query.get("limit"))) };
};

const openStream = ({ events }: World, response: ServerResponse, streams: Set<ServerResponse>): void => {
  response.writeHead(200, { "Content-Type": "text/event-stream" });
  for (const event of events) response.write(`id: ${String(event["id"])}\ndata: ${JSON.stringify(event)}\n\n`);
  response.write(": all told\n\n");
  streams.add(response);
  response.on("close", () => streams.delete(response));
};
