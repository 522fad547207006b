import type { BackendView, SampleView, StatusView, TunnelView } from "../admin-shapes.ts";

/** Orders of the table of backends, by the title of their column. */
export const BACKEND_ORDERS = [
  "pool",
  "backend",
  "state",
  "health",
  "weight",
  "tunnels",
  "opened/s",
  "failures",
  "messages/s",
] as const;
/** Orders of the table of tunnels: those that the API sorts by. */
export const TUNNEL_ORDERS = ["age", "idle", "messages", "bytes", "rtt"] as const;

export type BackendOrder = (typeof BACKEND_ORDERS)[number];
export type TunnelOrder = (typeof TUNNEL_ORDERS)[number];
export type View = "backends" | "tunnels";

/** What an instance said at one moment. */
export interface Snapshot {
  /** When, in monotonic milliseconds. */
  readonly at: number;
  /** When, in milliseconds since the epoch. */
  readonly wall: number;
  readonly status: StatusView;
  /** The latest stretch of its history; undefined before the first. */
  readonly sample: SampleView | undefined;
  /** Empty while backends are looked at. */
  readonly tunnels: readonly TunnelView[];
  readonly tunnelsTotal: number;
}

/** A row of the table of backends. */
export interface BackendRow {
  readonly pool: string;
  readonly backend: BackendView;
  /** Of the open tunnels of its pool; undefined where that has none. */
  readonly share: number | undefined;
  /** Tunnels per second since the look before; undefined at the first. */
  readonly openedRate: number | undefined;
}

/** What is asked of the person before it is done. */
export interface Confirmation {
  readonly question: string;
  readonly action: Action;
}

/** A change that a key asks for. */
export type Action =
  | { readonly type: "drain"; readonly pool: string; readonly backend: string }
  | { readonly type: "undrain"; readonly pool: string; readonly backend: string }
  | { readonly type: "weight"; readonly pool: string; readonly backend: string; readonly weight: number };

/** All that the screen shows depends on. */
export interface Model {
  readonly address: string;
  readonly view: View;
  readonly backendOrder: BackendOrder;
  readonly tunnelOrder: TunnelOrder;
  /** Against the natural direction: names from A, numbers from the largest. */
  readonly reversed: boolean;
  /** Shown are rows that hold this text. */
  readonly filter: string;
  /** Whether keys are typed into the filter. */
  readonly typing: boolean;
  /** The row of the selection, of those that are shown. */
  readonly selected: number;
  readonly paused: boolean;
  readonly help: boolean;
  readonly confirmation: Confirmation | undefined;
  /** What the last action has come to; empty when there is nothing to say. */
  readonly message: string;
  /** Why the last look failed; empty when it did not. What is shown is older then. */
  readonly lost: string;
  readonly current: Snapshot | undefined;
  readonly previous: Snapshot | undefined;
}

/** Before anything has been heard. */
export function createModel(address: string): Model {
  return {
    address,
    view: "backends",
    backendOrder: "pool",
    tunnelOrder: "age",
    reversed: false,
    filter: "",
    typing: false,
    selected: 0,
    paused: false,
    help: false,
    confirmation: undefined,
    message: "",
    lost: "",
    current: undefined,
    previous: undefined,
  };
}

/** The model after a look at the instance. */
export function withSnapshot(model: Model, snapshot: Snapshot): Model {
  return bounded({ ...model, current: snapshot, previous: model.current, lost: "" });
}

/** The rows of the table of backends, filtered and sorted. */
export function backendRows(model: Model): readonly BackendRow[] {
  const { current, previous } = model;
  if (current === undefined) return [];
  const before = new Map(
    previous?.status.pools.flatMap(({ name, backends }) =>
      backends.map((backend) => [identity(name, backend.name), backend.tunnels] as const),
    ),
  );
  const seconds = previous === undefined ? 0 : (current.at - previous.at) / 1000;
  const rows = current.status.pools.flatMap(({ name, backends }) => {
    const open = backends.reduce((sum, backend) => sum + backend.open, 0);
    return backends.map((backend): BackendRow => {
      const earlier = before.get(identity(name, backend.name));
      return {
        pool: name,
        backend,
        share: open === 0 ? undefined : backend.open / open,
        openedRate:
          earlier === undefined || seconds <= 0 ? undefined : Math.max(0, backend.tunnels - earlier) / seconds,
      };
    });
  });
  const sign = model.reversed ? -1 : 1;
  const text = ({ pool, backend }: BackendRow): string => `${pool} ${backend.name} ${backend.state} ${backend.health}`;
  return rows
    .filter((row) => text(row).toLowerCase().includes(model.filter.toLowerCase()))
    .toSorted((a, b) => sign * compareRows(a, b, model.backendOrder));
}

/** The tunnels that are shown, as the API has sorted them. */
export function tunnelRows({ current, filter }: Model): readonly TunnelView[] {
  const wanted = filter.toLowerCase();
  const text = ({ id, pool, backend, client, path, route }: TunnelView): string =>
    `${id} ${pool} ${backend} ${client} ${path} ${route}`;
  return (current?.tunnels ?? []).filter((tunnel) => text(tunnel).toLowerCase().includes(wanted));
}

/** The backend that keys act on; undefined while tunnels are shown, and where there is none. */
export function selectedBackend(model: Model): BackendRow | undefined {
  return model.view === "backends" ? backendRows(model)[model.selected] : undefined;
}

/** The model with its selection on a row that there is. */
export function bounded(model: Model): Model {
  const rows = model.view === "backends" ? backendRows(model).length : tunnelRows(model).length;
  const selected = Math.max(0, Math.min(model.selected, rows - 1));
  return selected === model.selected ? model : { ...model, selected };
}

/** Tunnels opened and refused per second since the look before. */
export function handshakeRate({ current, previous }: Model): number | undefined {
  if (current === undefined || previous === undefined || current.at <= previous.at) return undefined;
  return Math.max(0, handshakes(current.status) - handshakes(previous.status)) / ((current.at - previous.at) / 1000);
}

function handshakes({ pools, refusedTunnels }: StatusView): number {
  const opened = pools.flatMap(({ backends }) => backends).reduce((sum, { tunnels }) => sum + tunnels, 0);
  return opened + refusedTunnels;
}

function identity(pool: string, backend: string): string {
  return JSON.stringify([pool, backend]);
}

/** Names from A, numbers from the largest; what is alike in that stays as the instance lists it. */
function compareRows(a: BackendRow, b: BackendRow, order: BackendOrder): number {
  switch (order) {
    case "pool":
      return compareTexts(a.pool, b.pool);
    case "backend":
      return compareTexts(a.backend.name, b.backend.name);
    case "state":
      return compareTexts(a.backend.state, b.backend.state);
    case "health":
      return compareTexts(a.backend.health, b.backend.health);
    case "weight":
      return b.backend.weight - a.backend.weight;
    case "tunnels":
      return b.backend.open - a.backend.open;
    case "opened/s":
      return (b.openedRate ?? 0) - (a.openedRate ?? 0);
    case "failures":
      return b.backend.failures - a.backend.failures;
    case "messages/s":
      return messagesOf(b) - messagesOf(a);
  }
}

function messagesOf({ backend: { flow } }: BackendRow): number {
  return flow === null ? 0 : flow.messages.fromClient + flow.messages.fromBackend;
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
