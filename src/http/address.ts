import ipaddr from "ipaddr.js";
import { FairleadError } from "../base/index.ts";
import { headerList, type RawHeaders } from "./head.ts";

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = readonly [Address, number];

/** Tells of an address whether it belongs to a proxy whose forwarding headers are believed. */
export type IsTrusted = (address: string) => boolean;

const mappedPrefixBits = 96;

// The library also reads "10.1", "0x7f.1" and octal numbers; a forwarding header that holds those is rubbish.
function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) {
    return ipaddr.IPv4.parse(text);
  }
  // IPv4 in IPv6 clothes (::ffff:10.0.0.1), as dual-stack listeners report it, is the IPv4 address.
  return ipaddr.IPv6.isValid(text) ? ipaddr.process(text) : undefined;
}

function parseNetwork(text: string): Network {
  const [base = "", bits, ...rest] = text.split("/");
  const address = parseAddress(base);
  const whole = address?.kind() === "ipv4" ? 32 : 128;
  const mapped = whole === 32 && base.includes(":");
  const written = bits === undefined ? undefined : Number(/^\d{1,3}$/.test(bits) ? bits : Number.NaN);
  const prefix = written === undefined ? whole : written - (mapped ? mappedPrefixBits : 0);
  if (address === undefined || rest.length > 0 || !(prefix >= 0 && prefix <= whole)) {
    throw new FairleadError(
      "CONFIG_INVALID",
      `"${text}" is not an address or a network; write it like 10.0.0.0/8, 192.0.2.7 or 2001:db8::/32.`,
    );
  }
  return [address, prefix];
}

function isInside(address: Address, [base, bits]: Network): boolean {
  return address.kind() === base.kind() && address.match(base, bits);
}

/**
 * Compiles a list of addresses and networks of trusted proxies. IPv4-mapped IPv6 counts as IPv4.
 *
 * @throws FairleadError CONFIG_INVALID for an entry that is neither an address nor a network
 */
export function trustedProxies(cidrs: readonly string[]): IsTrusted {
  const networks = cidrs.map(parseNetwork);
  if (networks.length === 0) {
    return () => false;
  }
  return (text) => {
    const address = parseAddress(text);
    return address !== undefined && networks.some((network) => isInside(address, network));
  };
}

/** An address as it is shown, compared and hashed: IPv4-mapped IPv6 as IPv4, the rest in its canonical form. */
export function plainAddress(text: string): string {
  return text.includes(":") ? (parseAddress(text)?.toString() ?? text) : text;
}

// Entries are bare addresses; some proxies add a port, with IPv6 in brackets then.
const hopForm = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/;

function parseHop(text: string): string | undefined {
  const [, bracketed, bare] = hopForm.exec(text) ?? [];
  return parseAddress(bracketed ?? bare ?? text)?.toString();
}

/**
 * The address of the client: of the connection, unless that is a trusted proxy. Then X-Forwarded-For is read from its
 * right end, through trusted hops only, so that what a client wrote itself is never believed. An entry that is no
 * address ends the walk at the last hop that was one.
 *
 * @param remote address of the connection's other end
 */
export function clientAddress(remote: string, headers: RawHeaders, isTrusted: IsTrusted): string {
  let current = plainAddress(remote);
  if (!isTrusted(current)) {
    return current;
  }
  const hops = headerList(headers, "x-forwarded-for");
  for (let at = hops.length - 1; at >= 0; at -= 1) {
    const hop = parseHop(hops[at] ?? "");
    if (hop === undefined) {
      break;
    }
    current = hop;
    if (!isTrusted(hop)) {
      break;
    }
  }
  return current;
}
