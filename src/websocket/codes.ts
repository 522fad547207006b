/** Close codes that fairlead itself writes (RFC 6455 section 7.4.1 and the IANA registry). */
export const CloseCode = {
  normal: 1000,
  goingAway: 1001,
  protocolError: 1002,
  noStatus: 1005,
  messageTooBig: 1009,
  serviceRestart: 1012,
  tryAgainLater: 1013,
} as const;

const FIRST_REGISTERED = 1000;
const LAST_REGISTERED = 1014;
const FIRST_PRIVATE = 3000;
const LAST_PRIVATE = 4999;
const NEVER_ON_THE_WIRE: ReadonlySet<number> = new Set([1004, 1005, 1006]);

/** Whether a Close frame may carry this code: 1000 to 1014 without the reserved ones, and 3000 to 4999. */
export function isValidCloseCode(code: number): boolean {
  if (code >= FIRST_PRIVATE) return code <= LAST_PRIVATE;
  return code >= FIRST_REGISTERED && code <= LAST_REGISTERED && !NEVER_ON_THE_WIRE.has(code);
}
