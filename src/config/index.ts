/** The configuration: its schema, its normal form, and the way from files, variables and flags to it. */
export { DEFAULT_ADMIN, formatAddress, readAddress } from "./address.ts";
export {
  addBackend,
  type Alteration,
  applyChanges,
  type BackendValues,
  changeBackend,
  type Changes,
  NO_CHANGES,
  removeBackend,
} from "./changes.ts";
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
  watchedFiles,
} from "./load.ts";
export type { FileAccess } from "./material.ts";
export { ConfigError, formatProblem, InputError, type Path, type Place, type Problem } from "./problem.ts";
export { rebase, type Rebased } from "./rebase.ts";
export { type ConfigInput, configSchema } from "./schema.ts";
export { type Overrides, SETTINGS, VARIABLES } from "./settings.ts";
export { backendName, drainTerms, rebalanceTerms } from "./terms.ts";
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
  RehomeOptions,
  RouteConfig,
  RouteMatch,
  TunnelOptions,
} from "./types.ts";
