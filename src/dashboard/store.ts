import { computed, signal } from "@preact/signals";
import type { AdminEvent, Move, Sample, TunnelOrder, TunnelPage } from "../admin/index.ts";
import type { BackendStatus, PoolStatus, Status } from "../metrics/index.ts";

/** A backend as the API tells it, with what only some versions tell. */
export type Backend = BackendStatus & {
  readonly state?: "active" | "draining";
  readonly maxConnections?: number | null;
  /** Milliseconds; of its tunnels' latest heartbeats. */
  readonly rtt?: { readonly p50: number; readonly p99: number } | null;
};

/** A pool, likewise. */
export type Pool = Omit<PoolStatus, "backends"> & {
  readonly queued?: number;
  readonly rehoming?: number;
  readonly backends: readonly Backend[];
};

/** The instance, likewise. */
export type Instance = Omit<Status, "pools"> & { readonly pools: readonly Pool[] };

/** Whether what is shown is of now. */
export const link = signal<"waiting" | "live" | "paused" | "lost">("waiting");
/** Why it is not. */
export const linkError = signal("");
export const status = signal<Instance | undefined>(undefined);
/** Tunnels opened per second for each backend, by `key`, from two looks at the status. */
export const openRates = signal<ReadonlyMap<string, number>>(new Map());
export const samples = signal<readonly Sample[]>([]);
export const moves = signal<readonly Move[]>([]);
/** Latest first. */
export const events = signal<readonly AdminEvent[]>([]);
export const tunnelPage = signal<TunnelPage | undefined>(undefined);
/** Why the page of tunnels is not of now; empty when it is. */
export const tunnelError = signal("");

/** Rows of the table of tunnels. */
export const PAGE_SIZE = 25;

/** Fields of the filter, by their names in the API; durations are text such as `5m`. */
export interface TunnelSearch {
  readonly pool: string;
  readonly backend: string;
  readonly client: string;
  readonly route: string;
  readonly host: string;
  readonly minAge: string;
  readonly minIdle: string;
}

export const NO_SEARCH: TunnelSearch = {
  pool: "",
  backend: "",
  client: "",
  route: "",
  host: "",
  minAge: "",
  minIdle: "",
};
export const tunnelSearch = signal<TunnelSearch>(NO_SEARCH);
export const tunnelSort = signal<{ readonly by: TunnelOrder; readonly descending: boolean }>({
  by: "age",
  descending: true,
});
export const tunnelOffset = signal(0);

/** The filter as the query of a request; empty when everything fits. */
export const searchQuery = computed(() => {
  const filled = Object.entries(tunnelSearch.value).filter(([, value]) => value !== "");
  return new URLSearchParams(filled).toString();
});

/** What was just done or refused, for everybody to see and hear. */
export const notice = signal("");

/** Identity of a backend in maps. */
export const key = (pool: string, backend: string): string => `${pool}\n${backend}`;

/** Moves that are under way. */
export const runningMoves = computed(() => moves.value.filter(({ state }) => state === "running"));
