/** Joining two connections: tunnels, how they end, and dialling backends. */
export { CLOSE_REASON, type EndCause, type Initiator, type LegTruth, type Truth, TRUTH } from "./truth.ts";
export { dismiss } from "./departure.ts";
export { Home } from "./home.ts";
export type { HomeFinder, LossCause, MoveReason, RehomeReason, Search } from "./search.ts";
export { type LegMeter, type RelayMeters, unreadMeters } from "./meters.ts";
export {
  type Agreement,
  type LegReport,
  Tunnel,
  type TunnelOwner,
  type TunnelReport,
  type TunnelWorld,
} from "./tunnel.ts";
export { Dial, type DialLimits, type DialOutcome, type DialTarget, type DialTls, type DialWorld } from "./dial.ts";
export { connectionError } from "./dial-errors.ts";
