import ipaddr from "ipaddr.js";

import type { Reading } from "./address.ts";

/** Reads an IP address or a CIDR block; the text is kept as it was written. */
export function readCidr(text: string): Reading<string> {
  const valid = text.includes("/") ? ipaddr.isValidCIDR(text) : ipaddr.isValid(text);
  if (valid && !isLegacyForm(text)) return { value: text };
  return { wrong: `"${text}" is not an address or a block of addresses; write 10.0.0.0/8, 192.0.2.7 or fd00::/8` };
}

/** Whether every address there is lies in the block. */
export function isEverybody(cidr: string): boolean {
  return /\/0+$/.test(cidr);
}

/** Forms such as "10" or "0x7f.1", which are addresses to some programs and not to others. */
function isLegacyForm(text: string): boolean {
  return !text.includes(":") && !/^\d{1,3}(\.\d{1,3}){3}(\/|$)/.test(text);
}
