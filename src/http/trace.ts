import type { Random } from "../base/index.ts";

import { headerValues, type RawHeaders } from "./head.ts";

/** Where a request stands in a distributed trace (W3C Trace Context). */
export interface Trace {
  /** 32 hexadecimal digits, the same for all that is done for one cause. */
  readonly traceId: string;
  /** 16 digits: our own part of it, which the backend's parts are children of. */
  readonly spanId: string;
  /** Two digits. */
  readonly flags: string;
  /** What vendors have to say, as it came; undefined when nothing did, or nothing that could be read. */
  readonly state: string | undefined;
}

interface TraceParent {
  readonly traceId: string;
  readonly flags: string;
}

const TRACE_ID_DIGITS = 32;
const SPAN_ID_DIGITS = 16;
/** Most members of a tracestate (section 3.3.1.1). */
const STATE_MEMBERS_MAX = 32;

/** Of a version that may come, what this one has in common with it (section 3.2.2.1): further fields may follow. */
const PARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-([\da-f]{2})(-.*)?$/;
const MEMBER =
  /^(?:[a-z\d][_a-z\d*/-]{0,255}|[a-z\d][_a-z\d*/-]{0,240}@[a-z][_a-z\d*/-]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;

/** Bits of the flags that have a meaning: sampled, and that the trace id is random. All others have to be 0. */
const KNOWN_FLAGS = 0b11;
/**
 * What a trace begins with here: sampled. A record of every request is kept, so the caller has recorded something; and
 * backends that follow their parent, which is the default of most, go on tracing as they would without us.
 */
const NEW_FLAGS = "01";

/**
 * Joins the trace that a request belongs to, with a span of our own, or begins one where it comes with none that can be
 * read.
 */
export function traceOf(headers: RawHeaders, random: Random): Trace {
  const parent = readParent(headerValues(headers, "traceparent"));
  const spanId = randomDigits(SPAN_ID_DIGITS, random);
  if (parent === undefined) {
    return { traceId: randomDigits(TRACE_ID_DIGITS, random), spanId, flags: NEW_FLAGS, state: undefined };
  }
  return { ...parent, spanId, state: readState(headerValues(headers, "tracestate")) };
}

/** The header lines that tell a backend of a trace. */
export function traceHeaders({ traceId, spanId, flags, state }: Trace): string[] {
  const parent = ["traceparent", `00-${traceId}-${spanId}-${flags}`];
  return state === undefined ? parent : [...parent, "tracestate", state];
}

/** Undefined when there is none, several, or one that breaks the rules. */
function readParent(lines: readonly string[]): TraceParent | undefined {
  if (lines.length !== 1) return undefined;
  const [, version = "", traceId = "", flags = "", more] = PARENT.exec((lines[0] ?? "").trim()) ?? [];
  if (traceId === "" || (version === "00" && more !== undefined)) return undefined;
  const known = Number.parseInt(flags, 16) & KNOWN_FLAGS;
  return { traceId, flags: known.toString(16).padStart(2, "0") };
}

/** All lines as one; undefined when there is nothing in them, or something that breaks the rules. */
function readState(lines: readonly string[]): string | undefined {
  const members = lines.flatMap((line) => line.split(",")).map((member) => member.replaceAll(/^[ \t]+|[ \t]+$/g, ""));
  const said = members.filter((member) => member !== "");
  const keys = new Set(said.map((member) => member.slice(0, member.indexOf("="))));
  const fine = said.length <= STATE_MEMBERS_MAX && keys.size === said.length && said.every((one) => MEMBER.test(one));
  return fine && said.length > 0 ? said.join(",") : undefined;
}

/** Never all zeros, which would be no id. */
function randomDigits(count: number, random: Random): string {
  let digits = "";
  while (digits.length < count) {
    digits += Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  }
  return /^0+$/.test(digits) ? `${digits.slice(1)}1` : digits;
}
