import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestContext } from "node:test";

import { z } from "zod";

import type { Status } from "../../src/index.ts";
import { lastly } from "../kit/cleanup.ts";
import { openWs, type Client } from "../kit/clients.ts";
import { runProgram, type Program } from "../kit/processes.ts";
import { until, within } from "../kit/until.ts";

/** The command, as a script of Node. */
export const COMMAND = fileURLToPath(new URL("../../bin/fairlead.cjs", import.meta.url));

const lineSchema = z.looseObject({ level: z.string(), msg: z.string() });

/** A log line, parsed. */
export type Line = z.output<typeof lineSchema>;

/** The real command line as a process beside the test. */
export interface Fairlead extends Program {
  /** `ws://127.0.0.1:port`. */
  readonly url: string;
  readonly port: number;
  /** `http://127.0.0.1:port` of the admin API. */
  readonly admin: string;
  readonly pid: number;
  /** Everything logged so far; fails when a line is no JSON. */
  logged(): Line[];
  /** The first log line, of those written and to come, with this message. */
  log(message: string): Promise<Line>;
  status(): Promise<Status>;
  /** Processes of the workers. */
  workers(): Promise<number[]>;
  /** Waits until the workers count so many tunnels. */
  tunnels(count: number): Promise<void>;
}

/** A folder of the test's own, removed at its end. */
export const temporaryFolder = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), "fairlead-story-"));
  lastly(t, () => rmSync(folder, { recursive: true }));
  return folder;
};

/** A configuration file with this in it. */
export const configFile = (t: TestContext, config: object): string => {
  const file = join(temporaryFolder(t), "fairlead.json");
  writeFileSync(file, JSON.stringify(config));
  return file;
};

/** Runs `fairlead serve` with these arguments; nothing is waited for. */
export const runCommand = (t: TestContext, args: readonly string[], env: NodeJS.ProcessEnv = {}): Program =>
  runProgram(t, process.execPath, [COMMAND, "serve", ...args], env);

const portOf = async (program: Program, pattern: RegExp): Promise<number> => Number((await program.line(pattern))[1]);

/** The process that was started, as fairlead: waits until it listens. */
export const asFairlead = async (program: Program): Promise<Fairlead> => {
  const port = await portOf(program, /"url":"wss?:\/\/[^"]*:(\d+)".*"msg":"listening"/);
  const adminPort = await portOf(program, /"port":(\d+),"msg":"admin API listening"/);
  const admin = `http://127.0.0.1:${adminPort}`;
  const status = async (): Promise<Status> => (await (await fetch(`${admin}/api/v1/status`)).json()) as Status; // its own
  const logged = (): Line[] => program.lines.map((line) => lineSchema.parse(JSON.parse(line)));
  return {
    ...program,
    url: `ws://127.0.0.1:${port}`,
    port,
    admin,
    pid: program.child.pid ?? 0,
    logged,
    async log(message) {
      await until(() => logged().some(({ msg }) => msg === message), `the log says "${message}"`);
      const found = logged().find(({ msg }) => msg === message);
      if (found === undefined) throw new Error(message);
      return found;
    },
    status,
    workers: async () => (await status()).workers.map(({ pid }) => pid),
    tunnels: (count) => until(async () => (await status()).tunnels === count, `${count} tunnels are open`),
  };
};

const BASE = ["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log-format", "json"];

/** Starts fairlead on free ports and waits until it listens. */
export const startFairlead = (
  t: TestContext,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<Fairlead> => asFairlead(runCommand(t, [...BASE, ...args], env));

/** Whether a process exists. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Opens WebSockets one after the other. */
export const openInTurn = async (t: TestContext, url: string, count: number): Promise<Client[]> => {
  const clients: Client[] = [];
  for (let at = 0; at < count; at += 1) clients.push(await openWs(t, url));
  return clients;
};

/** Opens, echoes and closes until it is told to stop; gives how often it did. Anything that goes wrong is thrown. */
export const storm = (t: TestContext, url: string, clients: number): { stop(): Promise<number> } => {
  let stopped = false;
  let count = 0;
  const one = async (): Promise<void> => {
    while (!stopped) {
      const client = await openWs(t, url);
      const text = `turn ${count}`;
      if ((await client.ask(text)) !== text) throw new Error("another echo came");
      await client.bye();
      count += 1;
    }
  };
  const all = Promise.all(Array.from({ length: clients }, one));
  all.catch(() => {});
  return {
    async stop() {
      stopped = true;
      await all;
      return count;
    },
  };
};

/** Waits until a socket of a client is closed, whatever became of it. */
export const gone = async (client: Client): Promise<void> => {
  if (client.socket.readyState !== client.socket.CLOSED)
    await within(once(client.socket, "close"), "the client is gone");
};
