import { z } from "zod";
import { createRendezvous, hashString, rendezvousPick } from "../base/index.ts";
import type { PoolView, Random } from "../base/index.ts";
import { requestKeySchema } from "../http/index.ts";
import type { Algorithm, Balancer } from "./algorithm.ts";
import { candidateWeight } from "./candidates.ts";
import { createLeastConnections } from "./least-connections.ts";

/** Greatest load factor that still limits anything worth limiting. */
const MAX_LOAD_FACTOR = 100;

const schema = z
  .strictObject({
    method: z.literal("hash"),
    by: requestKeySchema
      .prefault("path")
      .describe(
        "What connections have in common that are to meet on one backend. Those that carry no such key go to the least loaded backend.",
      ),
    loadFactor: z
      .union([z.literal("off"), z.number().min(1).max(MAX_LOAD_FACTOR)], {
        error: `expected a number from 1 to ${MAX_LOAD_FACTOR}, such as 1.25, or "off"`,
      })
      .prefault("off")
      .describe(
        "How many times its fair share of the load a backend may hold before its keys go to the next in their order; 1.25 is usual. " +
          "`off` keeps every key on its backend, however loaded.",
      ),
  })
  .describe(
    "The same backend for the same key (consistent hashing): instances agree on it, and few keys move when backends come or go.",
  );

/** Rendezvous hashing of the request's key, optionally with bounded loads. */
export const hash = {
  schema,
  needs: { key: true },
  usesWeights: true,
  create({ loadFactor }: z.output<typeof schema>, random: Random): Balancer {
    const keyless = createLeastConnections(random);
    let rendezvous = createRendezvous([]);
    return {
      pick(view, request) {
        const { key, tried } = request;
        if (key === undefined) return keyless.pick(view, request);
        if (rendezvous.names !== view.names) rendezvous = createRendezvous(view.names);
        const keyHash = hashString(key);
        if (loadFactor === "off") return rendezvousPick(rendezvous, view, keyHash, tried);
        const bounded = rendezvousPick(rendezvous, view, keyHash, tried, loadFactor * meanLoad(view, tried));
        return bounded === -1 ? rendezvousPick(rendezvous, view, keyHash, tried) : bounded;
      },
    };
  },
} satisfies Algorithm<z.output<typeof schema>>;

/**
 * The candidates' load for each unit of weight, the connection that is being placed included: what `loadFactor` times is
 * the bound of consistent hashing with bounded loads (Mirrokni, Thorup and Zadimoghaddam 2016), shares by weight.
 */
function meanLoad(view: PoolView, tried: readonly number[]): number {
  let load = 1 + view.eligibleLoad;
  for (let i = 0; i < tried.length; i += 1) {
    const index = tried[i] ?? 0;
    // A backend stands in `tried` once, unless somebody asks oddly.
    if (view.isEligible(index) && tried.indexOf(index) === i) load -= view.load(index);
  }
  return load / candidateWeight(view, tried);
}
