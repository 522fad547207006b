import type { Move, TunnelInfo } from "../admin/index.ts";
import { call } from "./api.ts";
import { ask } from "./dialog.ts";
import { count, plural } from "./format.ts";
import { shortName } from "./series.ts";
import { searchQuery, tunnelPage } from "./store.ts";
import type { Backend, Pool } from "./store.ts";

const AS_CONFIGURED = "as configured";

/** The path of a backend in the API: its name is a URL, and one part of the path. */
const pathOf = (pool: string, backend: string): string =>
  `pools/${encodeURIComponent(pool)}/backends/${encodeURIComponent(backend)}`;

/** Numbers of a form as numbers, everything else as it was written. */
const parsed = (values: Readonly<Record<string, string>>, numbers: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, numbers.includes(name) ? Number(value) : value]),
  );

/** Takes no new tunnels to a backend, and ends those it has, at a pace. */
export const askDrain = (pool: string, backend: Backend): void =>
  ask({
    title: `Drain ${shortName(backend.name)}?`,
    text: `It gets nothing new. Its ${plural(backend.open, "tunnel")} move at this pace, idle ones first: to another backend where the route says rehome, else their clients are told 1012 and come back elsewhere.`,
    fields: [
      { name: "rate", label: "Tunnels per second", hint: AS_CONFIGURED, kind: "number" },
      { name: "waitIdle", label: "Only those idle for", hint: AS_CONFIGURED, kind: "duration" },
      { name: "deadline", label: "End the rest after", hint: AS_CONFIGURED, kind: "duration" },
    ],
    confirm: "Drain",
    danger: true,
    act: async (values) => {
      const move = await call<Move>("POST", "drains", { pool, backend: backend.name, ...parsed(values, ["rate"]) });
      return `Draining ${shortName(backend.name)}: ${plural(move.total, "tunnel")} to move.`;
    },
  });

/** Gives a backend new tunnels again. */
export const askUndrain = (pool: string, backend: Backend): void =>
  ask({
    title: `Undrain ${shortName(backend.name)}?`,
    text: "It gets new tunnels and requests again. Tunnels that have already left it stay where they are.",
    confirm: "Undrain",
    act: async () => {
      await call("PATCH", pathOf(pool, backend.name), { state: "active" });
      return `${shortName(backend.name)} is active.`;
    },
  });

/** Changes a backend's share of what is new. */
export const askWeight = (pool: string, backend: Backend): void =>
  ask({
    title: `Weight of ${shortName(backend.name)}`,
    text: "A backend of weight 2 gets twice as many new tunnels as one of weight 1. Open tunnels stay; a rebalance moves them.",
    fields: [{ name: "weight", label: "Weight", value: String(backend.weight), kind: "number", required: true }],
    confirm: "Set weight",
    act: async (values) => {
      const weight = Number(values["weight"]);
      await call("PATCH", pathOf(pool, backend.name), { weight });
      return `${shortName(backend.name)} has weight ${weight}.`;
    },
  });

/** Moves what some backends have above their share. */
export const askRebalance = (pool: Pool): void =>
  ask({
    title: `Rebalance ${pool.name}?`,
    text: "What backends have above their fair share moves, at this pace: to another backend where the route says rehome, else the clients are told 1012 and come back to the others.",
    fields: [
      { name: "perMinute", label: "Tunnels per minute", hint: AS_CONFIGURED, kind: "number" },
      { name: "minAge", label: "Only those older than", hint: AS_CONFIGURED, kind: "duration" },
      { name: "tolerance", label: "Leave above the share (0 to 1)", hint: AS_CONFIGURED, kind: "number" },
    ],
    confirm: "Rebalance",
    danger: true,
    act: async (values) => {
      const input = { pool: pool.name, ...parsed(values, ["perMinute", "tolerance"]) };
      const move = await call<Move>("POST", "rebalances", input);
      return `Rebalancing ${pool.name}: ${plural(move.total, "tunnel")} to move.`;
    },
  });

/** Stops a move where it is. */
export const askCancel = (move: Move): void =>
  ask({
    title: `Cancel the ${move.kind} of ${shortName(move.backend ?? move.pool)}?`,
    text: `What it has not begun to move stays where it is.`,
    confirm: "Cancel it",
    act: async () => {
      await call("DELETE", `${move.kind}s/${encodeURIComponent(move.id)}`);
      return `The ${move.kind} of ${shortName(move.backend ?? move.pool)} is cancelled.`;
    },
  });

/** Ends one tunnel. */
export const askEnd = (tunnel: TunnelInfo): void =>
  ask({
    title: "End this tunnel?",
    text: `${tunnel.client} to ${shortName(tunnel.backend)} (${tunnel.id}). The client is told 1012 and may come back.`,
    confirm: "End it",
    danger: true,
    act: async () => {
      await call("DELETE", `tunnels/${encodeURIComponent(tunnel.id)}`);
      return `Tunnel ${tunnel.id} is ended.`;
    },
  });

/** Ends all tunnels that fit the filter as it is now. */
export function askEndAll(): void {
  const query = searchQuery.value;
  const total = tunnelPage.value?.total ?? 0;
  const said = [...new URLSearchParams(query)].map(([name, value]) => `${name} ${value}`).join(", ");
  ask({
    title: `End all ${count(total)} that fit?`,
    text: `Every tunnel with ${said} is ended at once. Clients are told 1012 and may come back.`,
    confirm: "End them all",
    danger: true,
    act: async () => {
      await call("DELETE", `tunnels?${query}`);
      return `Tunnels with ${said} are ended.`;
    },
  });
}
