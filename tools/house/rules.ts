import { posix } from "node:path";
import type { ImportFact, SourceFacts } from "./facts.ts";
import type { House, Violation } from "./house.ts";
import {
  BROWSER_LIBRARIES,
  BROWSER_ROOMS,
  DOOR,
  floorOf,
  HIGHEST_PURE_FLOOR,
  IMPURE_GLOBALS,
  LONGER_FILES,
  MAX_FILE_LINES,
  MAX_FUNCTION_LINES,
  PROCESS_ROOMS,
  PURE_LIBRARIES,
  PURE_MODULES,
  roomOf,
  WORLD_FILES,
} from "./house.ts";

/** One rule of the house: a pure function from what is known of the project to what is wrong with it. */
export type Rule = (house: House) => Violation[];

const isRelative = (specifier: string): boolean => /^\.{0,2}\//.test(specifier);
const inSource = (file: SourceFacts): boolean => file.path.startsWith("src/");
const targetOf = (from: string, specifier: string): string => posix.join(posix.dirname(from), specifier);

/** Every file can be read; what cannot be parsed cannot be checked. */
export const readable: Rule = ({ sources }) =>
  sources.flatMap((file) => file.errors.map((message) => ({ path: file.path, line: 0, message })));

/** A room imports only from strictly lower floors, and only through the other room's `index.ts`. */
export const floors: Rule = ({ sources, floors: table }) =>
  sources.filter(inSource).flatMap((file) =>
    file.imports.flatMap((imported) => {
      const message = floorMessage(file.path, imported, table);
      return message === undefined ? [] : [{ path: file.path, line: imported.line, message }];
    }),
  );

function floorMessage(path: string, { specifier }: ImportFact, table: House["floors"]): string | undefined {
  if (specifier === undefined) return "imports a computed name; write the name out, so that it can be checked";
  if (!isRelative(specifier)) return undefined;
  const target = targetOf(path, specifier);
  const [room, other] = [roomOf(path), roomOf(target)];
  if (other === undefined) return `imports ${target}, which is in no room; a room imports only from rooms under src/`;
  if (room === undefined) return undefined;
  if (room === other) {
    return posix.basename(target) === "index.ts" && target !== path
      ? "imports its own room's index.ts; import the file that has it"
      : undefined;
  }
  const [floor, below] = [floorOf(room, table), floorOf(other, table)];
  if (floor === undefined || below === undefined) return undefined;
  if (below > floor)
    return `${room} (floor ${floor}) imports upwards from ${other} (floor ${below}); take it as an argument`;
  if (below === floor) return `${room} imports sideways from ${other} (both floor ${floor}); move what both need down`;
  const door = `src/${other}/index.ts`;
  return target === door ? undefined : `reaches into ${other} past its door; import ${door}`;
}

/** Only the supervisor and the command line touch `process`. */
export const processAccess: Rule = ({ sources }) =>
  sources
    .filter((file) => inSource(file) && !PROCESS_ROOMS.includes(roomOf(file.path) ?? ""))
    .flatMap((file) => {
      const message = `touches process; only ${PROCESS_ROOMS.join(" and ")} may, take what is needed as an argument`;
      const imports = file.imports.filter(({ specifier }) => specifier === "node:process" || specifier === "process");
      const globals = file.globals.filter(({ name }) => name === "process");
      return [...imports, ...globals].map(({ line }) => ({ path: file.path, line, message }));
    });

/** What runs in browsers and what runs in Node know each other by types alone. */
export const browser: Rule = ({ sources }) =>
  sources.filter(inSource).flatMap((file) =>
    file.imports.flatMap((imported) => {
      const message = browserMessage(file.path, imported);
      return message === undefined ? [] : [{ path: file.path, line: imported.line, message }];
    }),
  );

function browserMessage(path: string, { specifier = "", types }: ImportFact): string | undefined {
  const room = roomOf(path) ?? "";
  const target = isRelative(specifier) ? (roomOf(targetOf(path, specifier)) ?? "") : undefined;
  if (BROWSER_ROOMS.includes(room)) {
    if (target === room || types) return undefined;
    if (target !== undefined) return `runs in browsers and imports ${target}; import its types alone`;
    return BROWSER_LIBRARIES.includes(specifier)
      ? undefined
      : `runs in browsers and imports ${specifier}; it may use ${BROWSER_LIBRARIES.join(", ")}`;
  }
  return target !== undefined && BROWSER_ROOMS.includes(target)
    ? `imports from ${target}, which runs in browsers; serve its files by path`
    : undefined;
}

/** Rooms on the lowest floors compute; they have no sockets, files, timers, clock or dice of their own. */
export const purity: Rule = ({ sources, floors: table }) =>
  sources.filter(inSource).flatMap((file) => {
    const floor = floorOf(roomOf(file.path) ?? DOOR.room, table) ?? Infinity;
    return floor > HIGHEST_PURE_FLOOR ? [] : [...impureImports(file), ...impureGlobals(file)];
  });

function impureImports({ path, imports }: SourceFacts): Violation[] {
  const allowed = [...PURE_MODULES, ...PURE_LIBRARIES];
  return imports.flatMap(({ specifier, line }) => {
    if (specifier === undefined || isRelative(specifier) || allowed.includes(specifier)) return [];
    const message = `a pure room imports ${specifier}; it may only compute (${allowed.join(", ")})`;
    return [{ path, line, message }];
  });
}

function impureGlobals({ path, globals }: SourceFacts): Violation[] {
  const allowed = WORLD_FILES[path] ?? [];
  return globals.flatMap(({ name, line }) => {
    const instead = Object.hasOwn(IMPURE_GLOBALS, name) ? IMPURE_GLOBALS[name] : undefined;
    if (instead === undefined || allowed.includes(name)) return [];
    return [{ path, line, message: `a pure room uses ${name}; it gets ${instead}` }];
  });
}

/** No function over 70 lines (tests excepted: a suite is one function), no file over 400. */
export const lengths: Rule = ({ sources }) =>
  sources.flatMap((file) => {
    const { path, lines } = file;
    const found: Violation[] = [];
    if (lines > MAX_FILE_LINES && !Object.hasOwn(LONGER_FILES, path)) {
      found.push({
        path,
        line: 0,
        message: `has ${lines} lines; split it, ${MAX_FILE_LINES} are enough for one concern`,
      });
    }
    if (path.startsWith("test/")) return found;
    const long = file.functions.filter((fn) => fn.lines > MAX_FUNCTION_LINES);
    const advice = `name its steps, ${MAX_FUNCTION_LINES} are the limit`;
    return [
      ...found,
      ...long.map(({ name, line, lines: n }) => ({ path, line, message: `${name} has ${n} lines; ${advice}` })),
    ];
  });

/** Every room under `src/` has a floor and a door, and every floor in the table a room. */
export const rooms: Rule = ({ sources, floors: table }) => {
  const paths = new Set(sources.filter(inSource).map((file) => file.path));
  const onDisk = new Set([...paths].map(roomOf).filter((room) => room !== undefined && room !== DOOR.room));
  const at = (path: string, message: string): Violation => ({ path, line: 0, message });
  const found: Violation[] = [];
  for (const path of paths) {
    if (roomOf(path) === undefined) found.push(at(path, "lies in no room; move it into one"));
  }
  for (const room of onDisk) {
    if (room === undefined) continue;
    const doors = [
      `src/${room}/index.ts`,
      ...(room === "cli" || BROWSER_ROOMS.includes(room) ? [`src/${room}/main.ts`] : []),
    ];
    if (floorOf(room, table) === undefined) found.push(at(`src/${room}`, "has no floor; add it to FLOORS"));
    if (!doors.some((door) => paths.has(door))) found.push(at(`src/${room}`, `has no door; add ${doors[0]}`));
  }
  for (const room of Object.keys(table)) {
    if (!onDisk.has(room)) found.push(at(`src/${room}`, "has a floor but no files; take it out of FLOORS"));
  }
  return found;
};

/** Imports end in `.ts`, or name node or a declared dependency; `src/` needs those that are installed with it. */
export const imports: Rule = ({ sources, dependencies, devDependencies, ownName }) =>
  sources.flatMap((file) => {
    const shipped = inSource(file);
    const known = shipped ? dependencies : [...dependencies, ...devDependencies, ownName];
    return file.imports.flatMap(({ specifier, line }) => {
      const message = specifier === undefined ? undefined : importMessage(specifier, known, shipped);
      return message === undefined ? [] : [{ path: file.path, line, message }];
    });
  });

function importMessage(specifier: string, known: readonly string[], shipped: boolean): string | undefined {
  if (isRelative(specifier)) {
    return specifier.endsWith(".ts") ? undefined : `imports ${specifier}; end it in .ts`;
  }
  if (specifier.startsWith("node:")) return undefined;
  const parts = specifier.split("/");
  const name = parts.slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
  if (known.includes(name)) return undefined;
  const where = shipped ? "dependencies" : "devDependencies";
  return `imports ${specifier}; declare ${name} in ${where}, or write node: before a module of node`;
}

/** What no file of the project says. The patterns do not match themselves, so that this file is checked as well. */
const FORBIDDEN: readonly (readonly [RegExp, string])[] = [
  [/\bT[O]DO\b|\bF[I]XME\b|\bX[X]X\b/, "a note to oneself; do it, or file an issue"],
  // Prose may go on with a word ("as any other"); a cast cannot.
  [/\bas a[n]y\b(?! \w)|@ts-(?:ignore|nocheck)\b/, "a hole in the types; give the type, or parse"],
  [/(?<![\w.)-])\/(?:work|root)\//, "a path of one machine; use one relative to the project"],
  [/\.\.\/sh[a]red\b|\bregistry\.[a-z]+\.(?:org|com)\b/, "something outside of the project; leave it out"],
];

/** No notes to oneself, no holes in the types, no path of one machine, in any text. */
export const wording: Rule = ({ texts }) =>
  texts.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) =>
      FORBIDDEN.flatMap(([pattern, message]) => {
        const match = pattern.exec(line);
        return match === null ? [] : [{ path, line: index + 1, message: `says "${match[0]}"; ${message}` }];
      }),
    ),
  );

/** The rules have seen every file: a check that looks at nothing finds nothing. */
export const complete: Rule = ({ sources, listed }) => {
  const seen = new Set(sources.map((file) => file.path));
  const other = new Set(listed);
  const at = (path: string, message: string): Violation => ({ path, line: 0, message });
  const found = [...other]
    .filter((path) => !seen.has(path))
    .map((path) => at(path, "was not read; the walk missed it"));
  for (const path of seen) {
    if (!other.has(path)) found.push(at(path, "is on disk but ignored by git; a rule of .gitignore is too wide"));
  }
  if (![...seen].some((path) => path.startsWith("src/"))) found.push(at("src", "no file was read; the walk is broken"));
  return found;
};

/** All rules, in the order in which their findings are told. */
export const RULES: Readonly<Record<string, Rule>> = {
  readable,
  complete,
  rooms,
  floors,
  browser,
  processAccess,
  purity,
  imports,
  lengths,
  wording,
};
