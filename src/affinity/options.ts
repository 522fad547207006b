import { z } from "zod";
import { choiceError } from "../base/index.ts";
import { clientIpSchema } from "./client-ip.ts";
import { cookieSchema } from "./cookie.ts";
import { hashSchema } from "./hash.ts";

/** Names of all kinds of affinity. */
export const AFFINITY_METHODS = ["none", "cookie", "client-ip", "hash"] as const;

const noneSchema = z
  .strictObject({ method: z.literal("none") })
  .describe("Each connection is balanced anew; a socket stays where it is all the same.");

const error = choiceError("affinity method", AFFINITY_METHODS);

const longForm = z.discriminatedUnion("method", [noneSchema, cookieSchema, clientIpSchema, hashSchema], { error });

/**
 * How clients come back to a backend: the name of a method, or an object with `method` and its options. Parsed, it is
 * always the object, with every default filled in.
 */
export const affinitySchema = z
  .union([z.enum(AFFINITY_METHODS).transform((method) => longForm.parse({ method })), longForm], { error })
  .describe(
    "How clients come back to the backend they had: the name of a method, or an object with `method` and its options.",
  );

/** What people write. */
export type AffinityInput = z.input<typeof affinitySchema>;

/** A validated choice of affinity. */
export type AffinityOptions = z.output<typeof affinitySchema>;

/**
 * Whether a method of affinity, or of balancing, takes the backend that what the request is leads to, so that requests that are
 * alike meet; not what the client had, or what backends carry.
 */
export function isHashing({ method }: { readonly method: string }): boolean {
  return method === "hash" || method === "client-ip";
}
