import { isIP } from "node:net";

import ipaddr from "ipaddr.js";

import type { Address } from "./types.ts";

/** What a reader of text gives: the value, or what is wrong with the text and what would be right. */
export type Reading<T> = { readonly value: T } | { readonly wrong: string };

/** Where clients connect when nothing is said. */
export const DEFAULT_LISTEN = "0.0.0.0:8080";
/** Where the admin API listens when nothing is said. */
export const DEFAULT_ADMIN = "127.0.0.1:8081";

const FORMS = "write HOST:PORT, [IPV6]:PORT, :PORT or PORT, such as 0.0.0.0:8080";
const EVERYWHERE = "0.0.0.0";
const MAX_PORT = 65_535;
const MAX_HOST_LENGTH = 253;

/** Whether `text` can name a host: an IP address without brackets, or a name of labels. */
export function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true;
  if (text.length > MAX_HOST_LENGTH || /^[\d.]+$/.test(text)) return false;
  return text.split(".").every((label) => /^[a-z\d_]([a-z\d_-]{0,61}[a-z\d_])?$/i.test(label));
}

/** Reads where to listen: `HOST:PORT`, `[IPV6]:PORT`, `:PORT` or `PORT`; port 0 lets the system choose. */
export function readAddress(text: string): Reading<Address> {
  const parts = /^(?:(?:\[([^\]]*)\]|([^:]*)):)?(\d+)$/.exec(text.trim());
  if (parts === null) return { wrong: addressMistake(text.trim()) };
  const port = Number(parts[3]);
  if (port > MAX_PORT) return { wrong: `port ${parts[3]} does not exist; a port is 0 to ${MAX_PORT}` };
  const [, bracketed, plain] = parts;
  if (bracketed !== undefined && isIP(bracketed) !== 6) {
    return { wrong: `"${bracketed}" is not an IPv6 address; ${FORMS}` };
  }
  const host = (bracketed ?? plain ?? "") || EVERYWHERE;
  return isHost(host) ? { value: { host, port } } : { wrong: `"${host}" is not a host; ${FORMS}` };
}

function addressMistake(text: string): string {
  if (text.includes("://")) return `"${text}" is a URL, not an address to listen on; ${FORMS}`;
  if (isIP(text) === 6 || /^[\da-f]*:[\da-f]*:[\da-f:]*$/i.test(text)) {
    return `"${text}" is an IPv6 address without brackets; write [::1]:8080 or [::]:8080`;
  }
  return `"${text}" is not an address with a port; ${FORMS}`;
}

/** Whether only this machine can connect to a host: 127.0.0.0/8, ::1 or `localhost`. */
export function isLoopback(host: string): boolean {
  if (isIP(host) === 0) return host.toLowerCase() === "localhost";
  return ipaddr.process(host).range() === "loopback";
}

/** Writes an address as {@link readAddress} reads it. */
export function formatAddress(address: Address): string {
  return `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}
