import { DEFAULT_ADMIN } from "./address.ts";
import { defaultPoolName, poolNames } from "./checks.ts";
import type { Issue, Path, Place } from "./problem.ts";
import type { GivenSetting, SettingName } from "./settings.ts";
import { getIn, isRecord, record, setIn } from "./tree.ts";

/** Settings that stand at one place whatever the pools are. */
const FIXED_PATHS: Partial<Record<SettingName, Path>> = {
  listen: ["listen"],
  workers: ["workers"],
  admin: ["admin"],
  adminToken: ["admin", "token"],
  socketDriver: ["socketDriver"],
  drain: ["drain"],
  drainDelay: ["drainDelay"],
  watch: ["watch"],
  secret: ["secret"],
  logLevel: ["log", "level"],
  logFormat: ["log", "format"],
};

/** A file's data with flags and variables over it. */
export interface Overlay {
  readonly data: unknown;
  /** Settings that cannot be applied. */
  readonly problems: readonly { readonly place: Place; readonly issue: Issue }[];
  /** The flag or variable that gave what stands at a path; undefined when the file did. */
  nameAt(path: Path): string | undefined;
  /** Where the file says what stands at a path here. */
  pathInFile(path: Path): Path;
}

/**
 * Puts settings over a file's data. Backends, balancing and affinity go to the default pool; where that is written as
 * the shorthand beside other pools, it is first moved among them, so that the others keep what the top says for all.
 */
export function overlaySettings(fileData: unknown, settings: readonly GivenSetting[]): Overlay {
  const moved = settings.some(({ setting }) => FIXED_PATHS[setting] === undefined) && isShorthandBesidePools(fileData);
  let data = moved ? moveShorthand(fileData) : fileData;
  const given: { path: Path; name: string }[] = [];
  const problems: { place: Place; issue: Issue }[] = [];
  for (const { setting, value, name } of settings) {
    const admin = getIn(data, ["admin"]) ?? DEFAULT_ADMIN;
    // What is off needs no token; where an address stands alone, the token stands beside it.
    if (setting === "adminToken" && admin === "off") continue;
    if (setting === "adminToken" && !isRecord(admin)) data = setIn(data, ["admin"], { address: admin });
    const keepsToken = setting === "admin" && value !== "off" && isRecord(admin);
    const path = keepsToken ? ["admin", "address"] : (FIXED_PATHS[setting] ?? poolPath(data, setting));
    if (path === undefined) {
      const message = `several pools, and none is the default one, so it is unclear which is meant; set defaultPool, one of: ${poolNames(data).join(", ")}`;
      problems.push({ place: { name }, issue: { path: [], message } });
      continue;
    }
    data = setIn(data, path, value);
    given.push({ path, name });
  }
  return {
    data,
    problems,
    // What was set later may lie within what was set before, never the other way round.
    nameAt: (path) => given.findLast((one) => startsWith(path, one.path))?.name,
    pathInFile: (path) => (moved && startsWith(path, SHORTHAND_AMONG_POOLS) ? path.slice(2) : path),
  };
}

const SHORTHAND_AMONG_POOLS: Path = ["pools", "default", "backends"];

function poolPath(data: unknown, setting: SettingName): Path | undefined {
  const pool = defaultPoolName(data);
  if (pool !== undefined && getIn(data, ["pools", pool]) !== undefined) return ["pools", pool, setting];
  // Without a default pool, backends make one: the shorthand's.
  if (setting === "backends" || poolNames(data).length === 0 || pool !== undefined) return [setting];
  return undefined;
}

function isShorthandBesidePools(data: unknown): boolean {
  const pools = Object.keys(record(getIn(data, ["pools"])));
  return getIn(data, ["backends"]) !== undefined && pools.length > 0 && !pools.includes("default");
}

function moveShorthand(data: unknown): unknown {
  const { backends, ...rest } = record(data);
  return setIn(rest, SHORTHAND_AMONG_POOLS, backends);
}

function startsWith(path: Path, beginning: Path): boolean {
  return beginning.every((step, index) => path[index] === step);
}
