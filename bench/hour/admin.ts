import { request, type IncomingMessage } from "node:http";
import type { AdminEvent, Move, RouteInfo } from "../../src/admin/index.ts";
import type { Status } from "../../src/index.ts";

/** In milliseconds. */
const TIMEOUT = 10_000;

type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** What an operator asks of the admin API. Whatever is refused throws. */
export class Operator {
  private readonly port: number;

  constructor(port: number) {
    this.port = port;
  }

  status(): Promise<Status> {
    return this.ask<Status>("GET", "status");
  }

  routes(): Promise<readonly RouteInfo[]> {
    return this.ask<readonly RouteInfo[]>("GET", "routes");
  }

  events(): Promise<readonly AdminEvent[]> {
    return this.ask<readonly AdminEvent[]>("GET", "events");
  }

  async reload(): Promise<void> {
    await this.ask("POST", "reload");
  }

  async add(pool: string, url: string): Promise<void> {
    await this.ask("POST", `pools/${pool}/backends`, { url });
  }

  async change(pool: string, url: string, change: { weight?: number; state?: "active" | "draining" }): Promise<void> {
    await this.ask("PATCH", `pools/${pool}/backends/${encodeURIComponent(url)}`, change);
  }

  /** @returns the drain that follows; null where there is nothing to drain */
  remove(pool: string, url: string): Promise<Move | null> {
    return this.ask<Move | null>("DELETE", `pools/${pool}/backends/${encodeURIComponent(url)}`);
  }

  drain(pool: string, backend: string): Promise<Move> {
    return this.ask<Move>("POST", "drains", { pool, backend });
  }

  rebalance(pool: string, perMinute: number, tolerance: number): Promise<Move> {
    return this.ask<Move>("POST", "rebalances", { pool, perMinute, tolerance, minAge: "1ms" });
  }

  async cancelRebalance(id: string): Promise<void> {
    await this.ask("DELETE", `rebalances/${id}`);
  }

  /** Drains and rebalances that run, and the latest that have ended. */
  async moves(): Promise<Move[]> {
    const [drains, rebalances] = await Promise.all([
      this.ask<readonly Move[]>("GET", "drains"),
      this.ask<readonly Move[]>("GET", "rebalances"),
    ]);
    return [...drains, ...rebalances];
  }

  /** Ends what fits the filter, such as `backend=URL`. */
  async endTunnels(filter: string): Promise<void> {
    await this.ask("DELETE", `tunnels?${filter}`);
  }

  /** On a connection of its own: the process at the other end may be replaced. */
  private async ask<T>(method: Method, path: string, body?: object): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = {
      Accept: "application/json",
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    };
    const signal = AbortSignal.timeout(TIMEOUT);
    const where = {
      host: "127.0.0.1",
      port: this.port,
      path: `/api/v1/${path}`,
      method,
      headers,
      agent: false,
      signal,
    };
    const asked = request(where, resolve).on("error", reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
    const answer = await promise;
    let text = "";
    for await (const bytes of answer) text += String(bytes);
    const { statusCode = 0 } = answer;
    if (statusCode >= 300) throw new Error(`${method} ${path} was answered with ${statusCode}: ${text.slice(0, 400)}`);
    return (text === "" ? undefined : JSON.parse(text)) as T; // what docs/admin-api.md says
  }
}
