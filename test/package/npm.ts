import { execFile } from "node:child_process";
import { delimiter, dirname } from "node:path";

/** How long npm may take, in milliseconds: the first time it fetches a whole Node. */
const NPM_TIMEOUT = 150_000;

/** A registry that stalls is asked again soon, instead of after the five minutes that npm waits by itself. */
const PATIENCE = {
  npm_config_fetch_timeout: "20000",
  npm_config_fetch_retries: "4",
  npm_config_fetch_retry_mintimeout: "1000",
  npm_config_prefer_offline: "true",
} as const;

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end; a code other than 0 is an outcome like any other. */
export function run(file: string, args: readonly string[], cwd: string, env = cleanEnvironment()): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      file,
      args,
      { cwd, env, timeout: NPM_TIMEOUT, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : (child.exitCode ?? 1), stdout, stderr: stderr || (error?.message ?? "") });
      },
    );
    child.stdin?.end();
  });
}

/** Runs npm, or npx, in a folder of its own; with `node` under that Node. */
export function runNpm(tool: "npm" | "npx", args: readonly string[], cwd: string, node?: string): Promise<Outcome> {
  return run(tool, args, cwd, cleanEnvironment(node));
}

/**
 * Our environment without what npm tells the scripts that it runs, which would make an inner npm work on the checkout,
 * and without what a test runner tells its children.
 *
 * @param node a Node that `node` shall mean
 */
export function cleanEnvironment(node?: string): NodeJS.ProcessEnv {
  const inner = /^(?:npm_(?:package|lifecycle|command|execpath|config_local_prefix)|INIT_CWD|NODE_TEST_CONTEXT|NODE$)/;
  const kept = Object.entries(process.env).filter(([name]) => !inner.test(name));
  const quiet = { npm_config_loglevel: "error", npm_config_yes: "true" };
  const env: NodeJS.ProcessEnv = { ...Object.fromEntries(kept), ...PATIENCE, ...quiet };
  if (node !== undefined) env["PATH"] = [dirname(node), env["PATH"]].join(delimiter);
  return env;
}
