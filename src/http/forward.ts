import { plainAddress } from "./address.ts";
import { headerList, headerTokens, headerValue, type RawHeaders } from "./head.ts";
import { type Trace, traceHeaders } from "./trace.ts";

/** What the forwarding headers of one request say. */
export interface ForwardFacts {
  /** Address of the connection's other end. */
  readonly remoteAddress: string;
  /** Whether that end is a trusted proxy, so that its own forwarding headers are believed and passed on. */
  readonly trusted: boolean;
  /** How that end speaks to us. */
  readonly scheme: "http" | "https";
  /** What the client calls us, port included; see `requestAuthority`. Undefined when it told nothing. */
  readonly host: string | undefined;
  /** The port that the connection came in on. */
  readonly localPort: number;
  /** True for a WebSocket upgrade, whose Connection and Upgrade headers are then written for the next hop. */
  readonly upgrade: boolean;
  /** The trace that the request belongs to; replaces what the client says of it. Undefined: that is passed on. */
  readonly trace?: Trace | undefined;
}

const via = "1.1 fairlead";

// RFC 9110 section 7.6.1. HTTP2-Settings belongs to an upgrade to h2c, which never passes. Trailer announces fields
// that this hop does not carry over.
const hopByHop = [
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

// Proxy-Authorization is for the proxy that asked (RFC 9110 section 11.7.2), which is never the backend behind us.
// Expect has been answered here, with 100 Continue, before a body can be read.
const dropFromRequest = new Set([...hopByHop, "proxy-authorization", "expect"]);

// The counterparts of Proxy-Authorization speak of one hop as well (RFC 9110 sections 11.7.1 and 11.7.3).
const dropFromResponse = new Set([...hopByHop, "proxy-authenticate", "proxy-authentication-info"]);

// A peer may not have these removed by naming them in Connection: they are meant for the far end (RFC 9110 section
// 7.6.1), and removing them is a known way to lose framing, credentials, or what a proxy in front of us has attested.
const endToEnd = /^(?:host|authorization|cookie|set-cookie|content-.*|sec-websocket-.*|x-forwarded-.*|forwarded|via)$/;

// Headers with which fairlead and backends talk to each other: no client may speak in fairlead's name, nor has it to know.
const own = /^fairlead-/;
// Replaced by our own place in the trace.
const traceNames = new Set(["traceparent", "tracestate"]);

// What an untrusted peer says of the way before it is its own invention.
const claims = new Set(["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto"]);

/**
 * The headers of a request as the backend gets them: the same function for upgrades and plain requests.
 *
 * Kept in order, case and number: everything that is meant for the far end, Host and Sec-WebSocket-* included. Dropped:
 * hop-by-hop headers, what the Connection header names, and Fairlead-* headers. X-Forwarded-For is appended to when the peer is trusted and
 * else begun anew; X-Forwarded-Proto, -Host and -Port of a trusted peer are passed on, since they describe the client's
 * side of the first proxy, and else set; Forwarded (RFC 7239) is passed on from a trusted peer only. Via is added, and
 * the place in the trace is ours.
 */
export function forwardedRequestHeaders(headers: RawHeaders, facts: ForwardFacts): string[] {
  const named = nominated(headers);
  // Only an absolute-form target can name a host where no Host header does; the backend needs one.
  const hostless = facts.host !== undefined && headerValue(headers, "host") === undefined;
  const out: string[] = hostless ? ["Host", facts.host] : [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? "";
    const lower = name.toLowerCase();
    if (dropFromRequest.has(lower) || named.has(lower) || isReplaced(lower, facts)) {
      continue;
    }
    // An absolute-form target has its own authority, which replaces the Host header (RFC 9112 section 3.2.2).
    out.push(name, lower === "host" ? (facts.host ?? headers[at + 1] ?? "") : (headers[at + 1] ?? ""));
  }
  if (facts.upgrade) {
    out.push("Connection", "Upgrade", "Upgrade", "websocket");
  }
  addForwarding(out, headers, facts);
  return out;
}

/** Whether what a header says is left to us to say, or not to. */
function isReplaced(lower: string, { trusted, trace }: ForwardFacts): boolean {
  return (
    lower === "x-forwarded-for" ||
    own.test(lower) ||
    (!trusted && claims.has(lower)) ||
    (trace !== undefined && traceNames.has(lower))
  );
}

function addForwarding(out: string[], headers: RawHeaders, facts: ForwardFacts): void {
  if (facts.trace !== undefined) {
    out.push(...traceHeaders(facts.trace));
  }
  const hops = facts.trusted ? headerList(headers, "x-forwarded-for") : [];
  out.push("X-Forwarded-For", [...hops, plainAddress(facts.remoteAddress)].join(", "));
  addMissing(out, "X-Forwarded-Proto", facts.scheme);
  addMissing(out, "X-Forwarded-Host", facts.host);
  addMissing(out, "X-Forwarded-Port", String(facts.localPort));
  out.push("Via", via);
}

// Claims of an untrusted peer have been left out by now, so one that is there is to be kept.
function addMissing(out: string[], name: string, value: string | undefined): void {
  if (value !== undefined && headerValue(out, name) === undefined) {
    out.push(name, value);
  }
}

/**
 * The headers of an answer as the client gets them: without hop-by-hop headers, what Connection names, and Fairlead-*, the rest in
 * order, case and number. The caller adds Connection and Upgrade for a 101.
 *
 * @param options.rawBody true when the body is passed on byte by byte in its own framing: Transfer-Encoding and Trailer
 * then belong to it and stay
 */
export function forwardedResponseHeaders(
  headers: RawHeaders,
  options: { readonly rawBody: boolean } = { rawBody: false },
): string[] {
  const named = nominated(headers);
  const out: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] ?? "";
    const lower = name.toLowerCase();
    const framing = lower === "transfer-encoding" || lower === "trailer";
    if (framing ? options.rawBody : !dropFromResponse.has(lower) && !named.has(lower) && !own.test(lower)) {
      out.push(name, headers[at + 1] ?? "");
    }
  }
  return out;
}

/**
 * Whether a header of a request speaks of one hop only (RFC 9110 section 7.6.1), or to a proxy, or is answered by the next
 * one: it is never passed on.
 */
export function isOfOneHop(lowerName: string): boolean {
  return dropFromRequest.has(lowerName);
}

/** Names, in lower case, that the Connection header declares hop-by-hop. */
function nominated(headers: RawHeaders): ReadonlySet<string> {
  return new Set(headerTokens(headers, "connection").filter((name) => !endToEnd.test(name)));
}
