/** The life of a connection, from its request to its record. */
export type { ListenerInfo } from "./arrival.ts";
export { Gateway, type GatewayWorld } from "./gateway.ts";
export { gauged, measure, roundTrips } from "./measure.ts";
export { Meters } from "./meters.ts";
export { retryAfter } from "./retry-after.ts";
export type { AccessRecord, LegRecord, RequestWords } from "./record.ts";
export type { TunnelLife } from "./tunnel-life.ts";
