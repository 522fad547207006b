import { get, type IncomingMessage } from "node:http";
import { resolve as resolvePath } from "node:path";
import type { ConfigInput, Status } from "../../src/index.ts";
import type { Lab, Running } from "./lab.ts";
import { freePort } from "./ports.ts";

const PROGRAM = resolvePath(import.meta.dirname, "../../bin/fairlead.cjs");
/** In milliseconds. */
const STATUS_TIMEOUT = 10_000;

/** fairlead's command with an admin API. */
export interface Instance extends Running {
  /** Of its admin API, on 127.0.0.1. */
  readonly adminPort: number;
  status(): Promise<Status>;
}

/** Starts fairlead with a configuration file that listens on a free port of 127.0.0.1 beside what `config` says. */
export async function startInstance(lab: Lab, name: string, config: ConfigInput): Promise<Instance> {
  const [port, admin] = [await freePort(), await freePort()];
  const listen = [`127.0.0.1:${port}`, ...[config.listen ?? []].flat()];
  const whole = { ...config, listen, admin: `127.0.0.1:${admin}`, log: { format: "json", ...config.log } };
  const running = await lab.launch(name, {
    port,
    command: () => [process.execPath, PROGRAM, "serve", "--config", "fairlead.json"],
    files: () => ({ "fairlead.json": JSON.stringify(whole, undefined, 2) }),
    env: {},
  });
  return {
    ...running,
    adminPort: admin,
    status: () => statusOf(admin),
  };
}

/** On a connection of its own, which is gone afterwards: descriptors are counted. */
async function statusOf(port: number): Promise<Status> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const signal = AbortSignal.timeout(STATUS_TIMEOUT);
  get({ host: "127.0.0.1", port, path: "/api/v1/status", agent: false, signal }, resolve).on("error", reject);
  let text = "";
  for await (const bytes of await promise) text += String(bytes);
  return JSON.parse(text) as Status; // its own form
}
