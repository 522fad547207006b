import { isDeepStrictEqual } from "node:util";

import { type Alteration, applyChanges, type BackendValues, type Changes, entryOf, valuesWhere } from "./changes.ts";
import { freeze } from "./tree.ts";
import type { BackendConfig, Config } from "./types.ts";

/** What a file that was loaded anew has left of the changes made at run time. */
export interface Rebased {
  readonly changes: Changes;
  /** What it has taken back, in words for operators. */
  readonly overruled: readonly string[];
}

/**
 * Puts the changes made at run time over a file that was loaded anew. A change survives, unless the file now says
 * something else of the same thing than it did before. A removed backend comes back also where nothing else would be
 * left of its pool.
 *
 * @param before the file's configuration that the changes lay over
 * @param after the one that was loaded
 */
export function rebase(changes: Changes, before: Config, after: Config): Rebased {
  const verdicts = changes.map((change) => judge(change, before, after));
  const kept = verdicts.flatMap((verdict) => verdict.changes);
  const effective = applyChanges(after, kept);
  const isNeeded = ({ kind, pool }: Alteration): boolean =>
    kind === "removed" && effective.pools[pool]?.backends.length === 0;
  const needed = kept.filter(isNeeded).map((change) => line(change, "the file has no other one now, so it is back"));
  return {
    changes: freeze(kept.filter((change) => !isNeeded(change))),
    overruled: [...verdicts.flatMap(({ overruled }) => overruled), ...needed],
  };
}

function judge(change: Alteration, before: Config, after: Config): Rebased {
  const { pool, backend, kind } = change;
  const old = entryOf(before, pool, backend);
  const now = entryOf(after, pool, backend);
  const keep = { changes: [change], overruled: [] };
  const drop = (why: string): Rebased => ({ changes: [], overruled: [line(change, why)] });
  // Removed by both: they agree, and nothing is left to be said.
  if (kind === "removed" && now === undefined) return { changes: [], overruled: [] };
  if (!Object.hasOwn(after.pools, pool)) return drop("the file has dropped the pool");
  if (isDeepStrictEqual(old, now)) return keep;
  if (now === undefined) return drop("the file has dropped it");
  if (kind === "removed") return drop("the file has changed it, so it is back");
  return kind === "added" ? drop("the file has it now, and its entry counts") : judgeValues(change, old, now);
}

/** Each value stands for itself. */
function judgeValues(
  change: Extract<Alteration, { kind: "changed" }>,
  old: BackendConfig | undefined,
  now: BackendConfig,
): Rebased {
  const same = (key: keyof BackendValues): boolean => old?.[key] === now[key];
  const values = valuesWhere(change.values, same);
  const lost = (["weight", "state", "maxConnections"] as const).filter((key) => key in change.values && !same(key));
  return {
    changes: Object.keys(values).length === 0 ? [] : [{ ...change, values }],
    overruled: lost.map((key) =>
      line(change, `the file now says ${now[key] ?? "nothing"}`, `${key} ${change.values[key]}`),
    ),
  };
}

/** `backend ws://10.0.0.1:8000 of pool chat: weight 3, set at run time; the file now says 2` */
function line({ pool, backend, kind }: Alteration, why: string, what = ""): string {
  const done = what === "" ? `${kind} at run time` : `${what}, set at run time`;
  return `backend ${backend} of pool ${pool}: ${done}; ${why}`;
}
