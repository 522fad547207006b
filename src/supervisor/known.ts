/** What a process knows of backends, in the form in which it tells the one that replaces it. */
import { z } from "zod";

import { backendKey } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";
import { healthStateSchema } from "../health/index.ts";
import type { HealthState } from "../health/index.ts";
import type { GaugeStart } from "../pool/index.ts";

import type { Standing } from "./standing.ts";

/** What is known of one backend. Moments are since the epoch, since each process has a clock of its own. */
export interface BackendKnowledge {
  readonly health?: HealthState | undefined;
  /** Since when it warms up. */
  readonly warmingSince?: Milliseconds | undefined;
  readonly standing?: Standing | undefined;
  /** What is measured of it. */
  readonly gauge?: GaugeStart | undefined;
}

/** What is known of one backend: the pool's name, the backend's name. */
export type KnownBackend = readonly [pool: string, backend: string, knowledge: BackendKnowledge];

const amount = z.number().nonnegative();

const gaugeSchema = z.object({
  activity: amount.nullable(),
  handshakeMs: amount.nullable(),
  roundTripMs: amount.nullable(),
  reported: z.object({ load: z.number().min(0).max(1), ageMs: amount }).nullable(),
  load: amount,
});

/** Each part by itself: one that is of another form is as good as not told. */
const knowledgeSchema = z.object({
  health: healthStateSchema.optional().catch(undefined),
  warmingSince: z.number().optional().catch(undefined),
  standing: z
    .object({ state: z.enum(["active", "draining", "removed"]), since: z.number() })
    .optional()
    .catch(undefined),
  gauge: gaugeSchema.optional().catch(undefined),
});

const knownSchema = z.tuple([z.string(), z.string(), knowledgeSchema]);

/** Reads what another process has told, which may be of another version: what is not understood is left out. */
export function readKnown(told: unknown): KnownBackend[] {
  if (!Array.isArray(told)) return [];
  return told.flatMap((one) => {
    const { data } = knownSchema.safeParse(one);
    return data === undefined ? [] : [data];
  });
}

/** What is known of backends by now, as it comes in bit by bit: the latest of each counts. */
export class Known {
  private readonly byName = new Map<string, KnownBackend>();

  /** Everything so far. */
  get all(): KnownBackend[] {
    return [...this.byName.values()];
  }

  add(known: readonly KnownBackend[]): void {
    for (const one of known) this.byName.set(backendKey(one[0], one[1]), one);
  }
}
