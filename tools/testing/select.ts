/** Folders below `test/` whose tests start processes or send signals: each of their files gets a process of its own. */
const ISOLATED_FOLDERS: ReadonlySet<string> = new Set([
  "bench",
  "cli",
  "conformance",
  "examples",
  "kit",
  "package",
  "stories",
  "supervisor",
  "tools",
]);

export interface Selection {
  /** Test files that share one process. */
  readonly shared: readonly string[];
  /** Test files that run in a process each. */
  readonly isolated: readonly string[];
  /** Filters that no file matches. */
  readonly unmatched: readonly string[];
}

/**
 * Chooses what to run.
 *
 * @param files every test file, from the project's root
 * @param filters a file, a folder, or any part of a path; none means all
 */
export function select(files: readonly string[], filters: readonly string[]): Selection {
  const wanted = filters.map((filter) => filter.replace(/^\.\//, ""));
  const chosen = files.filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)));
  const isIsolated = (file: string): boolean => ISOLATED_FOLDERS.has(file.split("/")[1] ?? "");
  return {
    shared: chosen.filter((file) => !isIsolated(file)),
    isolated: chosen.filter(isIsolated),
    unmatched: wanted.filter((part) => !files.some((file) => file.includes(part))),
  };
}

/**
 * The option that turns isolation off has had two names.
 *
 * @param version such as "22.19.0"
 */
export function isolationOption(version: string): string {
  return Number(version.split(".")[0]) < 24 ? "--experimental-test-isolation" : "--test-isolation";
}
