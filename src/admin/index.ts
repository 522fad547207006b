/** The admin listener: what operators and probes ask an instance. */
export { type Admin, startAdmin } from "./admin.ts";
export type {
  AdminEvent,
  AdminSource,
  BackendChange,
  BackendInput,
  DrainInput,
  EventSource,
  Move,
  Percentiles,
  RebalanceInput,
  ReloadReport,
  Sample,
  TunnelFilter,
  TunnelInfo,
  TunnelOrder,
  TunnelPage,
  TunnelQuery,
} from "./source.ts";
