import assert from "node:assert/strict";

import type { AdminEvent, Move, ReloadReport, Sample, TunnelPage } from "../../src/admin/index.ts";
import type { BackendStatus } from "../../src/index.ts";
import { until } from "../kit/until.ts";
import type { Fairlead } from "./command.ts";

/** What an action that the API refused was told. */
export interface Refused {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly problems: readonly { readonly path: string; readonly message: string }[];
}

/** The admin API of a running command, spoken to over HTTP. */
export interface Api {
  get<T>(path: string): Promise<T>;
  /** Asks for an action; fails when it is refused. */
  ask<T>(method: string, path: string, body?: object): Promise<T>;
  /** Asks for an action that has to be refused. */
  refused(method: string, path: string, body?: object): Promise<Refused>;
  reload(): Promise<ReloadReport>;
  events(): Promise<AdminEvent[]>;
  history(): Promise<Sample[]>;
  tunnels(query?: string): Promise<TunnelPage>;
  backend(url: string): Promise<BackendStatus>;
  /** The move, once it has ended. */
  ended(move: Move): Promise<Move>;
}

/** The path of a backend of the pool `default`. */
export const backendPath = (url: string): string => `pools/default/backends/${encodeURIComponent(url)}`;

/** Speaks to the admin API of a command. */
export const apiOf = ({ admin }: Pick<Fairlead, "admin">): Api => {
  const send = async (method: string, path: string, body?: object): Promise<{ status: number; json: unknown }> => {
    const response = await fetch(`${admin}/api/v1/${path}`, {
      method,
      headers: { Accept: "application/json", ...(body !== undefined && { "Content-Type": "application/json" }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, json: text === "" ? undefined : JSON.parse(text) };
  };
  const ask = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const { status, json } = await send(method, path, body);
    assert.ok(status < 300, `${method} ${path}: ${status} ${JSON.stringify(json)}`);
    return json as T; // the API's own tests hold what it answers against its schemas
  };
  const get = <T>(path: string): Promise<T> => ask<T>("GET", path);
  return {
    get,
    ask,
    async refused(method, path, body) {
      const { status, json } = await send(method, path, body);
      assert.ok(status >= 400, `${method} ${path}: ${status}`);
      const { error } = json as { error: Omit<Refused, "status"> }; // the form of every refusal
      return { ...error, status, problems: error.problems ?? [] };
    },
    reload: () => ask("POST", "reload"),
    events: () => get("events"),
    history: () => get("history"),
    tunnels: (query = "") => get(`tunnels${query}`),
    backend: (url) => get(backendPath(url)),
    async ended({ id, kind }) {
      const path = `${kind}s/${id}`;
      await until(async () => (await get<Move>(path)).state !== "running", `${kind} ${id} ends`);
      return get(path);
    },
  };
};
