import { headerValue, headerValues, type RequestHead } from "./head.ts";

/** A host and, where it was written, a port. */
export interface Authority {
  /** Lower case, without a dot at the end; IPv6 addresses keep their brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

const authorityForm = /^(\[[0-9a-f:.]+\]|[a-z0-9._~%-]+)(?::(\d*))?$/i;
const absoluteForm = /^(?:https?|wss?):\/\/([^/?#]*)/i;
const anyScheme = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i;
const MAX_PORT = 65_535;

/**
 * Reads `host` or `host:port` as it stands in a Host header (RFC 9110 section 7.2).
 *
 * @returns undefined for anything else: user names, paths, commas, blanks, an empty host, a port above 65535
 */
export function parseAuthority(text: string): Authority | undefined {
  const [, host, digits] = authorityForm.exec(text) ?? [];
  if (host === undefined) {
    return undefined;
  }
  const port = digits === undefined || digits === "" ? undefined : Number(digits);
  if (port !== undefined && port > MAX_PORT) {
    return undefined;
  }
  const lower = host.toLowerCase();
  const name = lower.endsWith(".") ? lower.slice(0, -1) : lower;
  return name === "" ? undefined : { host: name, port };
}

/**
 * What the client calls the server, as it wrote it: the authority of an absolute-form target, which wins over the Host
 * header (RFC 9112 section 3.2.2), else the first Host header.
 */
export function requestAuthority(head: RequestHead): string | undefined {
  return absoluteForm.exec(head.target)?.[1] ?? headerValue(head.headers, "host")?.trim();
}

/** The host that a request is for: without port, lower case, IPv6 in brackets; undefined when there is no valid one. */
export function requestHost(head: RequestHead): string | undefined {
  const authority = requestAuthority(head);
  return authority === undefined ? undefined : parseAuthority(authority)?.host;
}

/**
 * What is wrong with a request's Host header, in a sentence for the client; undefined when it is as RFC 9112 section 3.2
 * wants it: exactly one, naming a host and perhaps a port. Node's parser lets other ones pass on upgrade requests.
 */
export function hostProblem(head: RequestHead): string | undefined {
  const hosts = headerValues(head.headers, "host");
  const [host] = hosts;
  if (host === undefined) {
    return "The Host header is missing; send exactly one.";
  }
  if (hosts.length > 1) {
    return `There are ${hosts.length} Host headers; send exactly one.`;
  }
  return parseAuthority(host.trim()) === undefined
    ? "The Host header must be a host name or address, with or without a port, and nothing else."
    : undefined;
}

/**
 * What is wrong with a request's target, in a sentence for the client; undefined for origin-form (`/path?query`) and
 * absolute-form with http, https, ws or wss and a valid authority (RFC 9112 section 3.2). Never throws.
 */
export function targetProblem(target: string): string | undefined {
  // A fragment never travels (RFC 9110 section 4.2.5, RFC 6455 section 3); a blank would split the request line.
  // eslint-disable-next-line no-control-regex
  if (/[\u0000-\u0020\u007f#]/.test(target)) {
    return "The request target must not hold blanks, control characters or a fragment.";
  }
  if (target.startsWith("/")) {
    return undefined;
  }
  const authority = absoluteForm.exec(target)?.[1];
  if (authority === undefined) {
    return "The request target must be a path, or an http, https, ws or wss URL.";
  }
  return parseAuthority(authority) === undefined
    ? "The URL in the request line must name a valid host, and a port up to 65535 if any."
    : undefined;
}

/** The target in origin-form, as a backend expects it: what follows the authority, and at least a slash. */
export function originForm(target: string): string {
  if (target.startsWith("/")) {
    return target;
  }
  const prefix = anyScheme.exec(target)?.[0];
  if (prefix === undefined) {
    return target;
  }
  const rest = target.slice(prefix.length);
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** Path and query of a target (origin-form or absolute-form) as sent, never decoded; the query without its mark. */
export function splitTarget(target: string): { path: string; query: string } {
  const local = originForm(target);
  const mark = local.indexOf("?");
  return mark === -1 ? { path: local, query: "" } : { path: local.slice(0, mark), query: local.slice(mark + 1) };
}
