/** The admin listener: what operators, probes and collectors ask of an instance, and how it is changed at run time. */
export { type Admin, type AdminOptions, startAdmin } from "./admin.ts";
export { createAssets } from "./assets.ts";
export { routesOf } from "./routes-of.ts";
export type {
  AdminEvent,
  AdminSource,
  BackendChange,
  BackendInput,
  Carried,
  DrainInput,
  EventSource,
  Move,
  Percentiles,
  RebalanceInput,
  ReloadReport,
  RouteInfo,
  Sample,
  Time,
  TunnelFilter,
  TunnelInfo,
  TunnelOrder,
  TunnelPage,
  TunnelQuery,
} from "./source.ts";
