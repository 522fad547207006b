import { headerValue } from "./head.ts";
import type { RawHeaders } from "./head.ts";

/** With this header, in the 101 or in a probe's answer, a backend says how loaded it is: from 0, idle, to 1, full. */
const LOAD_HEADER = "fairlead-load";
/** A number without a sign or an exponent. */
const LOAD = /^(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9})$/;

/**
 * What a backend says of its own load in an answer, from 0 to 1; more than 1 is 1. Undefined when it says nothing, or
 * nothing that can be understood.
 */
export function reportedLoad(headers: RawHeaders): number | undefined {
  const text = headerValue(headers, LOAD_HEADER)?.trim();
  return text !== undefined && LOAD.test(text) ? Math.min(1, Number(text)) : undefined;
}
