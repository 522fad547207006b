/** Joining two connections: legs, tunnels, how tunnels end, and dialling backends. */
export type { Leg, LegListener } from "./leg.ts";
export { CLOSE_REASON, type EndCause, type Initiator, type LegTruth, type Truth, TRUTH } from "./truth.ts";
export {
  type Agreement,
  type LegReport,
  Tunnel,
  type TunnelOwner,
  type TunnelReport,
  type TunnelWorld,
} from "./tunnel.ts";
export { Dial, type DialLimits, type DialOutcome, type DialTarget, type DialTls } from "./dial.ts";
export { connectionError } from "./dial-errors.ts";
export { StreamLeg } from "./stream-leg.ts";
export { createDriver, type LegDriver, type SocketDriver } from "./driver.ts";
