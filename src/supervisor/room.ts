/** Stands for "as many as you like" where a number is needed; it survives every way of being sent to a worker. */
export const UNLIMITED: number = Number.MAX_SAFE_INTEGER;

/** A client, and the backend that it is joined to. */
const DESCRIPTORS_PER_TUNNEL = 2;
/** The channel to it, and the connection that is on its way to it. */
const DESCRIPTORS_PER_WORKER = 2;
/** Descriptors that are kept free of clients, in every process. */
const RESERVE = {
  /** What Node opens for itself (27 at rest), log files, channels between processes, files and names that are looked up. */
  process: 48,
  /** Connections of the admin API. */
  admin: 8,
  /** Probes of backends that are ill. */
  probes: 16,
  /** Connections that are being told that there is no room. */
  turnedAway: 32,
} as const;
/** Share of the connections that is for those without a tunnel: just come, about to be refused, plain requests. */
const NEWCOMERS_SHARE = 0.04;
const NEWCOMERS_MIN = 8;
/** Connections that wait for a worker, in the supervisor. */
const WAITING_MAX = 4_096;

/** What one process has room for. */
export interface ProcessRoom {
  /** Connections of clients, of whatever kind: each may need another one to a backend. */
  readonly connections: number;
  readonly tunnels: number;
}

/** What an instance has room for. */
export interface Room {
  /** Files that a process may open; undefined where no limit is known. */
  readonly descriptors: number | undefined;
  /** Most tunnels that the configuration wants; undefined where it leaves that to the limit on open files. */
  readonly wanted: number | undefined;
  /** Of each worker. */
  readonly worker: ProcessRoom;
  /** What each worker's place gets of `wanted`. */
  readonly shares: readonly number[];
  /** Most tunnels of the instance. */
  readonly tunnels: number;
  /** Connections that may wait for a worker. */
  readonly waiting: number;
  /** Connections that may be told at a time that there is no room. */
  readonly turnedAway: number;
}

/** Finds out what an instance has room for. */
export function planRoom(
  maxTunnels: number | "auto",
  workers: number,
  descriptors: number | undefined,
  listeners: number,
): Room {
  const worker = roomOfProcess(descriptors, listeners);
  const wanted = maxTunnels === "auto" ? undefined : maxTunnels;
  const shares = shareOut(wanted ?? UNLIMITED, workers);
  return {
    descriptors,
    wanted,
    worker,
    shares,
    tunnels: sum(shares.map((share) => Math.min(share, worker.tunnels))),
    waiting: Math.min(WAITING_MAX, waitingRoom(descriptors, listeners, workers)),
    turnedAway: RESERVE.turnedAway,
  };
}

/** What a process has room for that may open so many files. */
export function roomOfProcess(descriptors: number | undefined, listeners: number): ProcessRoom {
  if (descriptors === undefined) return { connections: UNLIMITED, tunnels: UNLIMITED };
  const connections = Math.max(1, Math.floor(freeOf(descriptors, listeners) / DESCRIPTORS_PER_TUNNEL));
  const newcomers = Math.max(NEWCOMERS_MIN, Math.ceil(connections * NEWCOMERS_SHARE));
  return { connections, tunnels: Math.max(1, connections - newcomers) };
}

/** A supervisor beside its workers has nothing else to spend descriptors on. */
function waitingRoom(descriptors: number | undefined, listeners: number, workers: number): number {
  if (descriptors === undefined) return UNLIMITED;
  return Math.max(1, freeOf(descriptors, listeners) - DESCRIPTORS_PER_WORKER * workers);
}

/** Descriptors that clients and backends may have. */
function freeOf(descriptors: number, listeners: number): number {
  return descriptors - listeners - sum(Object.values(RESERVE));
}

/** Shares a total out as evenly as whole numbers can; the first ones get what is left over. */
export function shareOut(total: number, among: number): number[] {
  return Array.from({ length: among }, (_, place) => Math.floor(total / among) + (place < total % among ? 1 : 0));
}

/**
 * Most tunnels of a worker that shares its place with one that is leaving, so that both together keep to the place's share.
 * What the limit on open files gives is each process's own and need not be shared.
 *
 * @param held what the other one may still hold
 */
export function shareOf({ wanted, worker, shares }: Room, place: number, held: number): number {
  if (wanted === undefined) return worker.tunnels;
  return Math.min(worker.tunnels, Math.max(0, (shares[place] ?? 0) - held));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
