import ipaddr from "ipaddr.js";
import { z } from "zod";
import { createRendezvous, hashString, rendezvousPick } from "../base/index.ts";
import type { Affinity, AffinityPool } from "./affinity.ts";

const IPV4_BITS = 32;
const IPV6_BITS = 128;

export const clientIpSchema = z
  .strictObject({
    method: z.literal("client-ip"),
    ipv4Prefix: z
      .int()
      .min(1)
      .max(IPV4_BITS)
      .prefault(IPV4_BITS)
      .describe("Leading bits of an IPv4 address that count; less than 32 keeps neighbours together."),
    ipv6Prefix: z
      .int()
      .min(1)
      .max(IPV6_BITS)
      .prefault(64)
      .describe(
        "Leading bits of an IPv6 address that count; hosts change the others as they like, so more than 64 loses them.",
      ),
  })
  .describe(
    "The client's address chooses the backend, by rendezvous hashing: no table, and the same on every instance.",
  );

/** Rendezvous hashing of the client's network. */
export function createClientIpAffinity(options: z.output<typeof clientIpSchema>, { names }: AffinityPool): Affinity {
  const rendezvous = createRendezvous(names);
  return {
    prefer(view, facts, tried) {
      const network = networkOf(facts.clientAddress, options.ipv4Prefix, options.ipv6Prefix);
      return network === undefined ? -1 : rendezvousPick(rendezvous, view, hashString(network), tried);
    },
    cookieFor: () => undefined,
  };
}

/** The network of an address as text; IPv4 in IPv6 clothes is IPv4. Undefined for what is no address. */
function networkOf(address: string, ipv4Prefix: number, ipv6Prefix: number): string | undefined {
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address)) return undefined;
  const parsed = ipaddr.process(address);
  const prefix = parsed.kind() === "ipv4" ? ipv4Prefix : ipv6Prefix;
  const bytes = parsed.toByteArray().map((byte, index) => byte & maskOf(prefix - 8 * index));
  return `${parsed.kind()} ${bytes.join(".")}`;
}

/** Mask of a byte of which the first `bits` count. */
function maskOf(bits: number): number {
  return 0xff & (0xff00 >> Math.min(Math.max(bits, 0), 8));
}
