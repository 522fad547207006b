import { formatDuration } from "../base/index.ts";
import type { Issue, Path } from "./problem.ts";
import { getIn } from "./tree.ts";
import type { PoolConfig } from "./types.ts";

/** A probe that may take more than so many intervals holds back the next ones for too long. */
const SLOW_PROBE_INTERVALS = 2;

/** What a pool's health says, but does not get. @param at where a key of the pool stands */
export function healthWarnings(
  { name, backends, health }: PoolConfig,
  at: (key: string) => Path,
  input: unknown,
): Issue[] {
  const path = at("health");
  const issues: Issue[] = [];
  if (health.outliers !== "off" && backends.length === 1) {
    const message = `pool "${name}" has one backend, with nobody to compare it with; as long as that is so, it is never ejected`;
    issues.push({ path: [...path, "outliers"], message });
  }
  const { active } = health;
  if (active === "off") return issues;
  for (const keys of [["probe", "path"], ["probe", "timeout"], ["successThreshold"]]) {
    if (getIn(input, [...path, ...keys]) === undefined) continue;
    const key = keys.join(".");
    const message = `active probes of pool "${name}" decide in the place of ${key}; leave ${key} out`;
    issues.push({ path: [...path, ...keys], message });
  }
  const { interval, timeout } = active;
  if (timeout > SLOW_PROBE_INTERVALS * interval) {
    const message = `the next probe waits for the one before, up to ${formatDuration(timeout)} instead of ${formatDuration(interval)}; give a timeout of at most ${formatDuration(interval)}`;
    issues.push({ path: [...path, "active"], message });
  }
  return issues;
}
