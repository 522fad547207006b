import { isDeepStrictEqual } from "node:util";

import { balanceMeasures } from "../balancing/index.ts";
import type { ActivityMeasure } from "../balancing/index.ts";
import type { Milliseconds } from "../base/index.ts";
import type { TunnelLife } from "../gateway/index.ts";
import { Rates } from "../moves/index.ts";
import { countCarried } from "../pool/index.ts";
import type { Pool } from "../pool/index.ts";

/** Rates are means of at least so long: what a tunnel carries for a moment only is no reason to move it. */
const WINDOW_MIN: Milliseconds = 60_000;

/** Gives what a tunnel counts a second, as the pool's balancing method has it; its own being open included. */
export type Weigh = (life: TunnelLife) => number;

/** Weighs the tunnels of pools whose balancing method goes by what they carry: when asked, by counters that are there anyway. */
export class Scales {
  private readonly pools = new WeakMap<
    Pool,
    { readonly measure: ActivityMeasure; readonly rates: Rates<TunnelLife> }
  >();

  /** Gives what a tunnel of the pool comes to; undefined where its balancing method does not go by that. */
  of(pool: Pool): Weigh | undefined {
    const measure = balanceMeasures(pool.config.balance).activity;
    if (measure === undefined) return undefined;
    let known = this.pools.get(pool);
    if (known === undefined || !isDeepStrictEqual(known.measure, measure)) {
      known = { measure, rates: new Rates(Math.max(measure.window, WINDOW_MIN)) };
      this.pools.set(pool, known);
    }
    const { rates } = known;
    const carriedBy = (life: TunnelLife): number => countCarried(carriedOf(life), measure);
    return (life) => rates.look(life.tunnel.now, life, carriedBy) + measure.tunnel;
  }
}

function carriedOf({ tunnel: { client, backend } }: TunnelLife) {
  return {
    messages: { fromClient: client.tracker.messages, fromBackend: backend.tracker.messages },
    bytes: { fromClient: client.bytes, fromBackend: backend.bytes },
  };
}
