import { renameSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { TestContext } from "node:test";

import type { ReloadReport } from "../../src/admin/index.ts";
import { apiOf, type Api } from "./api.ts";
import { asFairlead, configFile, runCommand, startFairlead, type Fairlead } from "./command.ts";

/** Writes a file anew as editors do: whoever reads it sees the old one or the new one. */
export const rewrite = (file: string, content: object | string): void => {
  writeFileSync(`${file}.new`, typeof content === "string" ? content : JSON.stringify(content));
  renameSync(`${file}.new`, file);
};

/** Starts fairlead with a file that says everything, its addresses too. */
export const startFromFile = (t: TestContext, file: string, args: readonly string[]): Promise<Fairlead> =>
  asFairlead(runCommand(t, ["--config", file, ...args]));

/** A running command whose file can be written anew. */
export interface Reloadable {
  readonly file: string;
  readonly fairlead: Fairlead;
  readonly api: Api;
  /** Writes the file anew and asks for a reload. */
  reload(next: object): Promise<ReloadReport>;
}

/** Starts fairlead on free ports with this in its file. */
export const startWith = async (t: TestContext, config: object, args: readonly string[]): Promise<Reloadable> => {
  const file = configFile(t, config);
  const fairlead = await startFairlead(t, ["--config", file, ...args]);
  const api = apiOf(fairlead);
  return {
    file,
    fairlead,
    api,
    reload(next) {
      rewrite(file, next);
      return api.reload();
    },
  };
};

/** Ports that nobody has now. */
export const freePorts = async (count: number): Promise<number[]> => {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))));
  const ports = servers.map((server) => (server.address() as { port: number }).port); // they listen on TCP
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
};
