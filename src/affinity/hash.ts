import { z } from "zod";
import { createRendezvous, hashString, rendezvousPick } from "../base/index.ts";
import { requestKey, requestKeySchema } from "../http/index.ts";
import type { Affinity, AffinityPool } from "./affinity.ts";

export const hashSchema = z
  .strictObject({
    method: z.literal("hash"),
    by: requestKeySchema
      .prefault("path")
      .describe(
        "What connections have in common that are to meet on one backend; those that carry no such key have no preference.",
      ),
  })
  .describe("Something in the request chooses the backend, by rendezvous hashing; what carries no key is balanced.");

/** Rendezvous hashing of a request's key. */
export function createHashAffinity(options: z.output<typeof hashSchema>, { names }: AffinityPool): Affinity {
  const rendezvous = createRendezvous(names);
  return {
    prefer(view, facts, tried) {
      const key = requestKey(options.by, facts);
      return key === undefined ? -1 : rendezvousPick(rendezvous, view, hashString(key), tried);
    },
    cookieFor: () => undefined,
  };
}
