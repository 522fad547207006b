import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { lastly } from "../kit/cleanup.ts";

/** A request that came to the fake admin API. */
export interface Request {
  readonly method: string;
  /** Below `/api/v1/`, with its query. */
  readonly path: string;
  readonly body: unknown;
  readonly token: string | undefined;
}

type Answer = (request: Request, response: ServerResponse) => unknown;

/** An admin API that answers what a test says, and keeps what it was asked. */
export interface FakeAdmin {
  readonly address: string;
  readonly requests: readonly Request[];
  /** What is answered to `METHOD path` (without query); a function is asked each time. */
  readonly answers: Map<string, unknown>;
  /** Those that changed something, as `METHOD path`. */
  changes(): string[];
}

/** An answer with another status than 200. */
export class Refusal {
  readonly status: number;
  readonly body: unknown;
  constructor(status: number, code: string, message: string, problems?: readonly object[]) {
    this.status = status;
    this.body = { error: { code, message, ...(problems === undefined ? {} : { problems }) } };
  }
}

/** A backend as the status shows it. */
export const fakeBackend = (name: string, more: object = {}) => ({
  ...{ name, weight: 1, state: "active", health: "healthy", reason: "no failure has been seen yet" },
  ...{ since: "2026-01-01T00:00:00.000Z", maxConnections: null, queued: 0 },
  ...{ open: 0, inFlight: 0, load: 0, tunnels: 0, requests: 0, failures: 0 },
  ...more,
});

/** The status of an instance with these pools. */
export const fakeStatus = (pools: Readonly<Record<string, readonly object[]>>, more: object = {}) => ({
  ...{ version: "9.9.9", state: "running", started: "2026-01-01T00:00:00.000Z", maxTunnels: 1000, descriptors: 4096 },
  listeners: [{ name: "127.0.0.1:8080", host: "127.0.0.1", port: 8080, url: "ws://127.0.0.1:8080" }],
  workers: [{ id: 1, pid: 7, tunnels: 4, requests: 0, connections: 4, maxTunnels: 1000 }],
  ...{ handshakes: 0, tunnels: 4, requests: 0, connections: 4, refusedTunnels: 0, refusedConnections: 0 },
  pools: Object.entries(pools).map(([name, backends]) => ({
    ...{ name, balance: "least-connections", affinity: "none", queued: 0, backends },
  })),
  ...more,
});

/** A move as its resource shows it. */
export const fakeMove = (more: object = {}) => ({
  ...{ id: "m1", kind: "drain", pool: "chat", backend: "ws://10.0.0.1:8001", state: "running", by: "operator" },
  ...{ started: "2026-01-01T00:00:00.000Z", ended: null, total: 4, moved: 0, left: 4, rate: 50, currentRate: 50 },
  ...{ slowedBy: null, waitIdleMs: null, deadline: null },
  ...more,
});

/** A tunnel as a page shows it. */
export const fakeTunnel = (id: string, more: object = {}) => ({
  ...{ id, worker: 1, listener: "127.0.0.1:8080", route: "default", pool: "chat", backend: "ws://10.0.0.1:8001" },
  ...{ client: "192.0.2.7", host: "chat.example.com", path: "/socket", started: "2026-01-01T00:00:00.000Z" },
  ...{ ageMs: 61_000, idleMs: 2_000, state: "open", pinned: false, rehomed: 0, clientRttMs: 12.3, backendRttMs: null },
  ...{ fromClient: { messages: 3, bytes: 1024 }, fromBackend: { messages: 4, bytes: 512 } },
  ...more,
});

/** Starts one, until the end of the test. */
export const startFakeAdmin = async (
  t: TestContext,
  answers: Readonly<Record<string, unknown>>,
): Promise<FakeAdmin> => {
  const requests: Request[] = [];
  const map = new Map(Object.entries(answers));
  const server = createServer((incoming, response) => void respond(incoming, response));
  const respond = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    requests.push(request);
    const found = map.get(`${request.method} ${request.path.split("?")[0]}`);
    const answer: unknown = typeof found === "function" ? await (found as Answer)(request, response) : found;
    if (response.headersSent) return;
    const refusal = answer === undefined ? new Refusal(404, "NOT_FOUND", `there is no ${request.path}`) : answer;
    const isRefusal = refusal instanceof Refusal;
    response.writeHead(isRefusal ? refusal.status : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(isRefusal ? refusal.body : refusal));
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  lastly(t, async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answers: map,
    changes: () => requests.filter(({ method }) => method !== "GET").map(({ method, path }) => `${method} ${path}`),
  };
};

const readRequest = async (incoming: IncomingMessage): Promise<Request> => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  const text = Buffer.concat(chunks).toString();
  return {
    method: incoming.method ?? "",
    path: (incoming.url ?? "").replace("/api/v1/", ""),
    body: text === "" ? undefined : JSON.parse(text),
    token: incoming.headers.authorization,
  };
};
