import { didYouMean } from "../base/index.ts";
import type { Environment } from "./expand.ts";

interface Setting {
  /** The environment variable that sets it. */
  readonly variable: string;
  /** The flag or argument of the command line that sets it; secrets have none, since others can read command lines. */
  readonly flag: string | undefined;
  /** Whether it holds several values: a repeated flag, a variable with commas. */
  readonly list: boolean;
}

/** What can be said on the command line and in the environment as well as in a file. */
export const SETTINGS = {
  listen: { variable: "FAIRLEAD_LISTEN", flag: "--listen", list: true },
  backends: { variable: "FAIRLEAD_BACKENDS", flag: "BACKEND_URL", list: true },
  balance: { variable: "FAIRLEAD_BALANCE", flag: "--balance", list: false },
  affinity: { variable: "FAIRLEAD_AFFINITY", flag: "--affinity", list: false },
  workers: { variable: "FAIRLEAD_WORKERS", flag: "--workers", list: false },
  admin: { variable: "FAIRLEAD_ADMIN", flag: "--admin", list: false },
  adminToken: { variable: "FAIRLEAD_ADMIN_TOKEN", flag: undefined, list: false },
  socketDriver: { variable: "FAIRLEAD_SOCKET_DRIVER", flag: "--socket-driver", list: false },
  drain: { variable: "FAIRLEAD_DRAIN", flag: "--drain", list: false },
  drainDelay: { variable: "FAIRLEAD_DRAIN_DELAY", flag: "--drain-delay", list: false },
  watch: { variable: "FAIRLEAD_WATCH", flag: "--watch", list: false },
  secret: { variable: "FAIRLEAD_SECRET", flag: undefined, list: false },
  logLevel: { variable: "FAIRLEAD_LOG_LEVEL", flag: "--log-level", list: false },
  logFormat: { variable: "FAIRLEAD_LOG_FORMAT", flag: "--log-format", list: false },
} as const satisfies Record<string, Setting>;

/** The variable that names the configuration file. */
export const CONFIG_VARIABLE = "FAIRLEAD_CONFIG";

const PREFIX = "FAIRLEAD_";

export type SettingName = keyof typeof SETTINGS;

/** Texts for settings; they win over the file. */
export type Overrides = {
  readonly [Name in SettingName]?:
    | ((typeof SETTINGS)[Name]["list"] extends true ? readonly string[] : string)
    | undefined;
};

/** A setting as something other than the file gives it. */
export interface GivenSetting {
  readonly setting: SettingName;
  readonly value: string | readonly string[];
  /** The flag or variable that says so. */
  readonly name: string;
}

/** All variables that fairlead reads. */
export const VARIABLES: readonly string[] = [
  CONFIG_VARIABLE,
  ...Object.values(SETTINGS).map(({ variable }) => variable),
];

/** Puts flags over variables. A variable that is set but empty says nothing. */
export function givenSettings(flags: Overrides, env: Environment): GivenSetting[] {
  return settingNames().flatMap((setting): GivenSetting[] => {
    const { flag, variable, list } = SETTINGS[setting];
    const said = flags[setting];
    if (said !== undefined && said.length > 0) return [{ setting, value: said, name: flag ?? variable }];
    const text = env[variable];
    if (text === undefined || text.trim() === "") return [];
    return [{ setting, value: list ? splitList(text) : text.trim(), name: variable }];
  });
}

/**
 * Warnings for variables that look like misspelt ones. Others of that prefix are left in peace: Kubernetes, for
 * example, sets `FAIRLEAD_SERVICE_HOST` beside a service of the name `fairlead`.
 */
export function variableWarnings(env: Environment): string[] {
  const suffixes = VARIABLES.map((variable) => variable.slice(PREFIX.length));
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith(PREFIX) || VARIABLES.includes(name)) return [];
    const meant = didYouMean(name.slice(PREFIX.length), suffixes);
    return meant === undefined ? [] : [`${name}: fairlead reads no such variable; did you mean ${PREFIX}${meant}?`];
  });
}

function settingNames(): SettingName[] {
  return Object.keys(SETTINGS).filter((name): name is SettingName => Object.hasOwn(SETTINGS, name));
}

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
