import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";

import { type Config, loadConfig } from "../../src/config/index.ts";
import { DRAIN_GRACE_MS } from "../../src/supervisor/drain.ts";

export const ROOT = resolve(import.meta.dirname, "../..");

/** What a supervisor needs besides its drain: to hear its workers, to write its last lines, to be noticed as ended. */
const MARGIN_MS = 5_000;

/** The text of a file of the project, by its path from the root. */
export const text = (path: string): string => readFileSync(join(ROOT, path), "utf8");

/** A document of YAML of the project. Aliases and merges are resolved; a key that is there twice fails. */
export const yaml = (path: string): unknown => parse(text(path), { merge: true });

/** A configuration that stands in a text, as fairlead itself would read it. */
export const configOf = (
  content: string,
  env: Record<string, string>,
): { config: Config; warnings: readonly string[] } =>
  loadConfig({ file: "fairlead.yaml", cwd: "/", env, readFile: () => content });

/** The variables that a configuration takes from the environment. */
export const variablesOf = (content: string): string[] =>
  [...content.matchAll(/(?<!\$)\$\{(\w+)\}/g)].map(([, name = ""]) => name);

/** Milliseconds between SIGTERM and the end, at the longest, with a margin. */
export const shutdownTime = ({ drainDelay, drain }: Config): number => drainDelay + drain + DRAIN_GRACE_MS + MARGIN_MS;

/** The version that the project has. */
export const projectVersion = (): string =>
  z.looseObject({ version: z.string() }).parse(JSON.parse(text("package.json"))).version;
