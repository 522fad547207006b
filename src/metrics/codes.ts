/** Close codes that a label may hold: those with a meaning in RFC 6455 or the IANA registry. */
const KNOWN: ReadonlySet<number> = new Set([
  1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014,
]);

/** A Close code as a label: bounded, whatever peers say. 1005 stands for a Close without a code, `none` for no Close. */
export function codeLabel(code: number | null): string {
  if (code === null) return "none";
  return KNOWN.has(code) ? String(code) : "other";
}

/** The class of an HTTP status as a label, such as `4xx`. */
export function statusLabel(status: number): string {
  return status >= 100 && status < 600 ? `${Math.floor(status / 100)}xx` : "other";
}
