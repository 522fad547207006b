import type { SourceFacts, SourceFile } from "./facts.ts";

/**
 * The rooms under `src/` and the floor each stands on. A room imports only from lower floors, and only through the
 * other room's `index.ts`. The library's door, `src/index.ts`, stands beside the command line.
 */
export const FLOORS: Readonly<Record<string, number>> = {
  base: 0,
  http: 1,
  websocket: 2,
  balancing: 3,
  affinity: 3,
  routing: 3,
  health: 3,
  moves: 3,
  admission: 3,
  config: 4,
  wire: 4,
  pool: 5,
  probes: 5,
  relay: 5,
  listener: 5,
  metrics: 5,
  gateway: 6,
  admin: 7,
  dashboard: 8,
  operations: 8,
  supervisor: 9,
  cli: 10,
};

/** The name that `src/index.ts` goes by in messages, and its floor. */
export const DOOR = { room: "(door)", path: "src/index.ts", floor: 10 } as const;

/** Rooms that may touch `process`: signals, exit codes, arguments and environment are theirs. */
export const PROCESS_ROOMS: readonly string[] = ["supervisor", "cli"];

/**
 * Rooms whose modules run in browsers, and are served by path: their entrance is `main.ts`, they know other rooms by
 * types alone, and no room imports from them.
 */
export const BROWSER_ROOMS: readonly string[] = ["dashboard"];

/** Libraries that run in browsers. */
export const BROWSER_LIBRARIES: readonly string[] = ["@preact/signals", "htm", "preact", "preact/hooks", "uplot"];

/** Rooms up to this floor are pure: what they need of the world is handed to them. */
export const HIGHEST_PURE_FLOOR = 3;

/** Modules of node that only compute. */
export const PURE_MODULES: readonly string[] = ["node:buffer", "node:crypto", "node:url", "node:util"];

/** Libraries that only compute. */
export const PURE_LIBRARIES: readonly string[] = ["fastest-levenshtein", "ipaddr.js", "zod"];

/** Names that a pure room must not use, and what takes their place. */
export const IMPURE_GLOBALS: Readonly<Record<string, string>> = {
  setTimeout: "a timing wheel as an argument",
  setInterval: "a timing wheel as an argument",
  setImmediate: "a caller that decides when",
  "Date.now": "a Clock as an argument",
  "new Date()": "a Clock as an argument",
  performance: "a Clock as an argument",
  "Math.random": "a Random as an argument",
  fetch: "a caller that does the I/O",
  WebSocket: "a caller that does the I/O",
};

/** Files of pure rooms that hold a piece of the world on purpose, and which names each may use. */
export const WORLD_FILES: Readonly<Record<string, readonly string[]>> = {
  "src/base/clock.ts": ["performance", "Date.now"],
  "src/base/random.ts": ["Math.random"],
  "src/base/wheel.ts": ["setInterval"],
};

/** Lines of one function and of one file, of which more makes a reader lose the thread. */
export const MAX_FUNCTION_LINES = 70;
export const MAX_FILE_LINES = 400;

/** Hot paths that may be longer: the file, and why splitting it would cost more than its length. */
export const LONGER_FILES: Readonly<Record<string, string>> = {};

/** A rule that is broken, and where. */
export interface Violation {
  readonly path: string;
  /** Counted from 1; 0 when it is about the whole file or folder. */
  readonly line: number;
  /** What is wrong, a semicolon, and what would be right. */
  readonly message: string;
}

/** Everything the rules look at. */
export interface House {
  /** TypeScript under `src/`, `test/`, `tools/`, `examples/` and `bench/`. */
  readonly sources: readonly SourceFacts[];
  /** Every text file of the project. */
  readonly texts: readonly SourceFile[];
  /** The same TypeScript paths, found by another walk than the one that read `sources`. */
  readonly listed: readonly string[];
  /** Names of packages in `dependencies`, of all others that the checkout has, and of the package itself. */
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  readonly ownName: string;
  readonly floors: Readonly<Record<string, number>>;
}

/** `src/http/head.ts:12: message`, or without the line where there is none. */
export function formatViolation({ path, line, message }: Violation): string {
  return line > 0 ? `${path}:${line}: ${message}` : `${path}: ${message}`;
}

/** The room that a path under `src/` belongs to; undefined outside of `src/` and for a stray file in it. */
export function roomOf(path: string): string | undefined {
  if (path === DOOR.path) return DOOR.room;
  const [top, room, ...rest] = path.split("/");
  return top === "src" && rest.length > 0 ? room : undefined;
}

/** The floor of a room, or undefined when the table does not know it. */
export function floorOf(room: string, floors: House["floors"]): number | undefined {
  if (room === DOOR.room) return DOOR.floor;
  return Object.hasOwn(floors, room) ? floors[room] : undefined;
}
