/** Connections: how they are accepted and opened, and legs over them, by Node's streams or by what lies beneath. */
export { type ConnectListener, type Leg, type LegListener, NOBODY } from "./leg.ts";
export { StreamLeg } from "./stream-leg.ts";
export {
  type Accepted,
  type Accepting,
  type Bound,
  createDriver,
  discard,
  giveUp,
  type LegDriver,
  type SocketDriver,
  socketOf,
} from "./driver.ts";
export { descriptorOf, type ServerHandle } from "./stream-handle.ts";
