import { renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConfigInput } from "../../src/index.ts";
import type { Certificate } from "../lab/certificate.ts";
import type { BackendName, Backends } from "./backends.ts";
import type { Operator } from "./admin.ts";
import { until } from "./until.ts";

export const POOL = "talk";
export const CONFIG_FILE = "fairlead.json";
/** In the folder of the configuration. */
const CERT_FILE = "cert.pem";
const KEY_FILE = "key.pem";

/** How a changed file gets into force. */
const WAYS = ["SIGHUP", "API", "watch"] as const;
export type Way = (typeof WAYS)[number];

/** What the file says of one backend. */
interface BackendWords {
  weight: number;
  state: "active" | "draining";
}

/** What of the file changes in the course of the hour. */
export type Words = Map<BackendName, BackendWords>;

/** What of it stays. */
export interface Frame {
  readonly plain: number;
  readonly tls: number;
  readonly admin: number;
  readonly workers: number;
  /** Tunnels a second that drains and rebalances end. */
  readonly rate: number;
  /** Over how long a process that is replaced ends its tunnels, in milliseconds. */
  readonly shutdown: number;
}

/** The configuration file of the instance, which one at a time changes and gets into force. */
export class ConfigFile {
  /** Reloads so far, by how they were asked for. */
  readonly reloads: Record<Way, number> = { SIGHUP: 0, API: 0, watch: 0 };
  private readonly backends: Backends;
  private readonly operator: Operator;
  private readonly frame: Frame;
  private readonly signal: AbortSignal;
  private readonly words: Words = new Map();
  private folder = "";
  private pid = 0;
  /** In the path of a route that nobody asks for: it tells which file is in force. */
  private generation = 0;
  private turn = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor(frame: Frame, backends: Backends, operator: Operator, signal: AbortSignal) {
    this.frame = frame;
    this.backends = backends;
    this.operator = operator;
    this.signal = signal;
    for (const name of ["one", "two", "three"] as const) this.words.set(name, { weight: 1, state: "active" });
  }

  /** All files of the instance's folder, as they are at the start. */
  files({ cert, key }: Certificate): Record<string, string> {
    return { [CONFIG_FILE]: this.text(), [CERT_FILE]: cert, [KEY_FILE]: key };
  }

  /** From now on it is that process's. */
  belongsTo(folder: string, pid: number): void {
    this.folder = folder;
    this.pid = pid;
  }

  /** Changes the file, and waits until that is in force. */
  change(edit: (words: Words) => void, way: Way = this.nextWay()): Promise<void> {
    return this.alone(async () => {
      edit(this.words);
      this.generation += 1;
      this.write(this.text());
      if (way === "SIGHUP") process.kill(this.pid, "SIGHUP");
      if (way === "API") await this.operator.reload();
      await until(`reload ${this.generation} by ${way} is in force`, this.signal, () => this.isInForce());
      this.reloads[way] += 1;
    });
  }

  /** Replaces the certificate's files in place; that they have changed is for fairlead to notice. */
  replaceCertificate({ cert, key }: Certificate): Promise<void> {
    return this.alone(async () => {
      writeFileSync(join(this.folder, CERT_FILE), cert);
      writeFileSync(join(this.folder, KEY_FILE), key);
    });
  }

  /** Writes a file that is wrong, asks for a reload, and when that has been refused writes the right one again. */
  spoil(isRefused: () => Promise<boolean>): Promise<void> {
    return this.alone(async () => {
      this.write(this.text().replace(`"pools"`, `"polls"`));
      process.kill(this.pid, "SIGHUP");
      await until("the file that is wrong is refused", this.signal, isRefused);
      this.write(this.text());
    });
  }

  /** Nothing is reloaded meanwhile. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work);
    this.last = result.catch(() => {});
    return result;
  }

  private nextWay(): Way {
    this.turn += 1;
    return WAYS[this.turn % WAYS.length] ?? "SIGHUP";
  }

  private async isInForce(): Promise<boolean> {
    const routes = await this.operator.routes();
    return routes.some(({ match }) => match?.includes(`/generation/${this.generation}/`) === true);
  }

  /** In one step, so that nobody reads half of it. */
  private write(text: string): void {
    const path = join(this.folder, CONFIG_FILE);
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  }

  private text(): string {
    const { plain, tls, admin, workers, rate, shutdown } = this.frame;
    const backends = Array.from(this.words, ([name, words]) => ({ url: this.backends.url(name), ...words }));
    const config: ConfigInput = {
      workers,
      watch: true,
      drain: `${shutdown}ms`,
      admin: `127.0.0.1:${admin}`,
      log: { format: "json" },
      listen: [
        `127.0.0.1:${plain}`,
        { address: `127.0.0.1:${tls}`, tls: { certificates: [{ cert: CERT_FILE, key: KEY_FILE }] } },
      ],
      pools: { [POOL]: { backends, drain: { rate }, health: { cooldown: "500ms", maxCooldown: "2s" } } },
      routes: [{ name: "generation", match: { path: `/generation/${this.generation}/` }, pool: POOL }],
      defaultPool: POOL,
    };
    return JSON.stringify(config, undefined, 2);
  }
}
