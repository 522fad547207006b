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

/** Who can be chosen for one kind of connection, and by what. */
export interface Choice {
  readonly view: PoolState;
  readonly balancer: Balancer;
}

/** What choosing in a pool goes by, under one configuration. */
export interface Chooser {
  readonly config: PoolConfig;
  /** Key of affinity cookies. */
  readonly secret: string;
  /** Those that can be chosen, in the order of the configuration and of the view. */
  readonly members: readonly Backend[];
  readonly tunnel: Choice;
  /** The same as for tunnels where no rate tells them apart. */
  readonly request: Choice;
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
  const stays = old !== undefined && isSame(old.members, members);
  if (!stays) seat(members, old);
  const tunnel = nextChoice(config, members, stays, old?.config, old?.tunnel, random);
  const apart = old?.request === old?.tunnel ? undefined : old?.request;
  const request =
    config.admission.rate === "off" ? tunnel : nextChoice(config, members, stays, old?.config, apart, random);
  return {
    config,
    secret,
    members,
    tunnel,
    request,
    affinity:
      keptAffinity(config, secret, stays, old) ??
      createAffinity(config.affinity, { pool: config.name, names: tunnel.view.names, secret }),
  };
}

function seat(members: readonly Backend[], old: Chooser | undefined): void {
  for (const backend of old?.members ?? []) backend.index = NOWHERE;
  for (const [index, backend] of members.entries()) backend.index = index;
}

function nextChoice(
  { balance }: PoolConfig,
  members: readonly Backend[],
  stays: boolean,
  before: PoolConfig | undefined,
  old: Choice | undefined,
  random: Random,
): Choice {
  const kept = isDeepStrictEqual(before?.balance, balance) ? old?.balancer : undefined;
  return {
    view: (stays ? old?.view : undefined) ?? newView(members),
    balancer: kept ?? createBalancer(balance, random),
  };
}

function newView(members: readonly Backend[]): PoolState {
  return new PoolState(
    members.map(({ name }) => name),
    members.map(({ weight }) => weight),
  );
}

function keptAffinity(
  { affinity }: PoolConfig,
  secret: string,
  stays: boolean,
  old: Chooser | undefined,
): Affinity | undefined {
  const fits = stays && old?.secret === secret && isDeepStrictEqual(old.config.affinity, affinity);
  return fits ? old.affinity : undefined;
}

function isSame(before: readonly Backend[], after: readonly Backend[]): boolean {
  return before.length === after.length && before.every((backend, index) => backend === after[index]);
}
