/** The admin listener: what operators and probes ask an instance. */
export { type Admin, type AdminSource, startAdmin } from "./admin.ts";
export type {
  AdminEvent,
  Move,
  Percentiles,
  Sample,
  Time,
  TunnelFilter,
  TunnelInfo,
  TunnelOrder,
  TunnelPage,
} from "./source.ts";
