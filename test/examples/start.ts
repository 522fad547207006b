import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestContext } from "node:test";

import { silentLogger } from "../../src/base/index.ts";
import { loadConfig } from "../../src/config/index.ts";
import type { AccessRecord } from "../../src/index.ts";
import { runInstance } from "../../src/supervisor/index.ts";
import { lastly } from "../kit/cleanup.ts";
import { type Client, openWs, whose } from "../kit/clients.ts";
import { until } from "../kit/until.ts";

/** The folder of the examples. */
export const EXAMPLES = fileURLToPath(new URL("../../examples/", import.meta.url));

/** An example that runs. */
export interface Example {
  readonly url: string;
  readonly port: number;
  readonly records: readonly AccessRecord[];
}

/** The variables by which the examples name several backends. */
export const backendVariables = (backends: readonly { readonly url: string }[]): Record<string, string> =>
  Object.fromEntries(backends.map(({ url }, index) => [`BACKEND_${index + 1}`, url]));

/**
 * Runs a configuration file as it stands, in one process, until the end of the test.
 *
 * @param file below `examples/`, or absolute
 * @param variables what the file's `${...}` stand for
 */
export const startExample = async (
  t: TestContext,
  file: string,
  variables: Readonly<Record<string, string>>,
): Promise<Example> => {
  const ownListener = readFileSync(resolve(EXAMPLES, file), "utf8").includes("${LISTEN");
  // The environment beats a file, and speaks for one that names no listener.
  const listen = { [ownListener ? "LISTEN" : "FAIRLEAD_LISTEN"]: "127.0.0.1:0" };
  const env = { FAIRLEAD_ADMIN: "off", ...listen, ...variables };
  const { config, warnings } = loadConfig({ file, env, cwd: EXAMPLES });
  assert.deepEqual(warnings, []);
  const records: AccessRecord[] = [];
  const options = {
    logger: silentLogger,
    onRecord: (record: AccessRecord) => void records.push(record),
    processes: false,
  };
  const instance = await runInstance(config, options);
  lastly(t, async () => void (await instance.drain(0)));
  const [address] = instance.addresses;
  assert.ok(address);
  return { url: address.url, port: address.port, records };
};

/** How a client comes. */
export interface Coming {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The name of the backend that a new client meets; its socket stays open until the end of the test. */
export const met = async (
  t: TestContext,
  example: Example,
  { path = "/", headers = {} }: Coming = {},
): Promise<string> => whose(await openWs(t, `${example.url}${path}`, { headers: { ...headers } }));

/** The same for several clients, one after the other. */
export const metInTurn = async (
  t: TestContext,
  example: Example,
  count: number,
  coming: (turn: number) => Coming = () => ({}),
) => {
  const names: string[] = [];
  for (let turn = 0; turn < count; turn += 1) names.push(await met(t, example, coming(turn)));
  return names;
};

/** How often each name occurs. */
export const tally = (names: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
};

/** Closes a client and waits until fairlead has recorded it. */
export const leave = async (example: Example, client: Client): Promise<void> => {
  const before = example.records.length;
  await client.bye();
  await until(() => example.records.length > before, "the record of the tunnel");
};
