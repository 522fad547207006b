import { createServer } from "node:http";
import type { IncomingMessage, ServerOptions, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { FairleadError } from "../base/index.ts";
import { formatAddress } from "../config/index.ts";
import type { Address } from "../config/index.ts";
import { listenAdvice } from "../listener/index.ts";
import type { Status } from "../metrics/index.ts";

/** What the admin listener shows. */
interface Shown {
  /** Whether new clients are served. */
  ready(): boolean;
  status(): Promise<Status>;
}

/** The admin listener. */
export interface Admin {
  readonly address: Address;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** Methods that would have been answered. */
  readonly allow?: string;
}

/** What is asked here is short: limits of heads and of time, looked at as often. */
const LIMITS: ServerOptions = {
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
};

const PATHS = ["/livez", "/readyz", "/healthz", "/api/v1/status"];

const CHOICE = "choose another with --admin, or none with --admin off";

/** @throws FairleadError LISTEN_FAILED when the address cannot be listened on */
export async function startAdmin(address: Address, source: Shown): Promise<Admin> {
  const server = createServer(LIMITS, (request, response) => {
    void respond(request, response, source);
  });
  await new Promise<void>((resolve, reject) => {
    // It stays: later errors are of accepting (no descriptor left), and the next connection may succeed.
    server.on("error", (error) => {
      const text = `${formatAddress(address)} cannot be listened on for the admin API: ${listenAdvice(error, CHOICE)}.`;
      reject(new FairleadError("LISTEN_FAILED", text, error));
    });
    server.listen(address.port, address.host, resolve);
  });
  // A server that listens on TCP has an AddressInfo.
  const bound = server.address() as AddressInfo;
  return {
    address: { host: bound.address, port: bound.port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function respond(request: IncomingMessage, response: ServerResponse, source: Shown): Promise<void> {
  const { status, body, allow } = await answer(request, source);
  response.setHeader("Content-Type", "application/json; charset=utf-8");
  response.setHeader("Cache-Control", "no-store");
  if (allow !== undefined) response.setHeader("Allow", allow);
  // Whoever sends a body here has taken the wrong door; it is not read to its end.
  if (!request.complete) response.setHeader("Connection", "close");
  response.writeHead(status);
  response.end(request.method === "HEAD" ? undefined : `${JSON.stringify(body, undefined, 2)}\n`);
}

async function answer({ method, url = "" }: IncomingMessage, source: Shown): Promise<Answer> {
  const [path = ""] = url.split("?");
  if (!PATHS.includes(path))
    return { status: 404, body: { error: `There is no ${path}; there are ${PATHS.join(", ")}.` } };
  if (method !== "GET" && method !== "HEAD")
    return { status: 405, allow: "GET, HEAD", body: { error: "Only GET and HEAD are answered." } };
  if (path === "/livez") return { status: 200, body: { status: "alive" } };
  if (path === "/readyz") return readiness(source);
  try {
    const status = await source.status();
    return path === "/healthz" ? healthOf(status) : { status: 200, body: status };
  } catch (error) {
    return { status: 500, body: { error: String(error) } };
  }
}

function readiness(source: Shown): Answer {
  return source.ready() ? { status: 200, body: { status: "ready" } } : { status: 503, body: { status: "not ready" } };
}

/** Healthy as long as every pool has a backend that takes new work. */
function healthOf(status: Status): Answer {
  const pools = status.pools.map(({ name, backends }) => ({
    name,
    backends: backends.length,
    healthy: backends.filter((backend) => backend.health === "healthy").length,
  }));
  const healthy = pools.every((pool) => pool.healthy > 0);
  return { status: healthy ? 200 : 503, body: { status: healthy ? "healthy" : "unhealthy", pools } };
}
