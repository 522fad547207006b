import { isDeepStrictEqual } from "node:util";

import { createAffinity } from "../affinity/index.ts";
import type { Affinity } from "../affinity/index.ts";
import { createBalancer } from "../balancing/index.ts";
import type { Balancer } from "../balancing/index.ts";
import { PoolState } from "../base/index.ts";
import type { Random } from "../base/index.ts";
import type { PoolConfig } from "../config/index.ts";

import { NOWHERE } from "./backend.ts";
import type { Backend } from "./backend.ts";

/** What choosing in a pool goes by, under one configuration. */
export interface Chooser {
  readonly config: PoolConfig;
  /** Key of affinity cookies. */
  readonly secret: string;
  /** Those that can be chosen, in the order of the configuration and of the view. */
  readonly members: readonly Backend[];
  readonly view: PoolState;
  readonly balancer: Balancer;
  readonly affinity: Affinity;
}

/**
 * Makes a chooser, and keeps of the old one what the new configuration says alike: turns go on where they were.
 *
 * @param members the configuration's backends; they have their places in the new view from here on
 */
export function nextChooser(
  config: PoolConfig,
  secret: string,
  members: readonly Backend[],
  old: Chooser | undefined,
  random: Random,
): Chooser {
  const view = viewOf(members, old);
  return {
    config,
    secret,
    members,
    view,
    balancer: keptBalancer(config, old) ?? createBalancer(config.balance, random),
    affinity:
      keptAffinity(config, secret, view, old) ??
      createAffinity(config.affinity, { pool: config.name, names: view.names, secret }),
  };
}

function viewOf(members: readonly Backend[], old: Chooser | undefined): PoolState {
  if (old !== undefined && isSame(old.members, members)) return old.view;
  for (const backend of old?.members ?? []) backend.index = NOWHERE;
  for (const [index, backend] of members.entries()) backend.index = index;
  return new PoolState(
    members.map(({ name }) => name),
    members.map(({ config }) => config.weight),
  );
}

function keptBalancer({ balance }: PoolConfig, old: Chooser | undefined): Balancer | undefined {
  return isDeepStrictEqual(old?.config.balance, balance) ? old?.balancer : undefined;
}

function keptAffinity(
  { affinity }: PoolConfig,
  secret: string,
  view: PoolState,
  old: Chooser | undefined,
): Affinity | undefined {
  const fits = old?.view === view && old.secret === secret && isDeepStrictEqual(old.config.affinity, affinity);
  return fits ? old.affinity : undefined;
}

function isSame(before: readonly Backend[], after: readonly Backend[]): boolean {
  return before.length === after.length && before.every((backend, index) => backend === after[index]);
}
