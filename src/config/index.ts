/** The configuration: its schema, its normal form, and the way from files, variables and flags to it. */
export { DEFAULT_ADMIN, formatAddress, readAddress } from "./address.ts";
export { type Change, type ConfigDiff, type Difference, diffConfigs } from "./diff.ts";
export type { Environment } from "./expand.ts";
export { explainConfig } from "./explain.ts";
export { type DiffLine, diffLines, formatDiff } from "./format-diff.ts";
export { type ConfigSource, type InterpretedConfig, parseConfig } from "./interpret.ts";
export { jsonSchema } from "./json-schema.ts";
export {
  configCandidates,
  type ConfigSurroundings,
  findConfig,
  type FindOptions,
  type FoundConfig,
  loadConfig,
  type LoadedConfig,
  type LoadOptions,
} from "./load.ts";
export type { FileAccess } from "./material.ts";
export { ConfigError, formatProblem, type Path, type Place, type Problem } from "./problem.ts";
export { type ConfigInput, configSchema } from "./schema.ts";
export { REBALANCE_DEFAULTS } from "./schema-operate.ts";
export { ADMIN_TOKEN_VARIABLE, type Overrides, SETTINGS, VARIABLES } from "./settings.ts";
export type {
  Address,
  AdminConfig,
  AdmissionOptions,
  AffinityOptions,
  BackendConfig,
  BalanceOptions,
  CertificateConfig,
  Config,
  DefaultRouteConfig,
  DialOptions,
  DrainOptions,
  HealthOptions,
  HeartbeatOptions,
  LimitOptions,
  ListenerConfig,
  ListenerTls,
  LogOptions,
  PoolConfig,
  PoolTls,
  RebalanceOptions,
  RouteConfig,
  RouteMatch,
  TunnelOptions,
} from "./types.ts";
