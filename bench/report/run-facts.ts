import { cpus, release } from "node:os";
import type { Plan } from "../plan.ts";
import type { Variant } from "../proxies/variant.ts";

/** When, where and with what a run was made; or several, whose results were put together. */
export interface RunFacts {
  /** When the run began, of several the last. */
  readonly date: string;
  /** Number of runs. */
  readonly runs: number;
  readonly node: string;
  readonly kernel: string;
  readonly cpu: string;
  readonly cores: number;
  readonly plan: Plan;
  /** By contestant's family. */
  readonly versions: Readonly<Record<string, string>>;
  /** Contestants that are not installed. */
  readonly missing: readonly string[];
}

/** Collects them; `wanted` are all contestants that were asked for. */
export function runFacts(plan: Plan, wanted: readonly Variant[]): RunFacts {
  const versions: Record<string, string> = {};
  const missing: string[] = [];
  for (const variant of wanted) {
    const version = variant.version();
    if (version === undefined) missing.push(variant.id);
    else if (variant.launch !== undefined) versions[variant.family] = version;
  }
  const [cpu] = cpus();
  return {
    date: new Date().toISOString(),
    runs: 1,
    node: process.versions.node,
    kernel: release(),
    cpu: cpu?.model ?? "unknown",
    cores: cpus().length,
    plan,
    versions,
    missing,
  };
}
