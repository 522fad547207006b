import { readFileSync } from "node:fs";
import { join, resolve as resolvePath } from "node:path";
import { type Actor, startActor } from "../lab/actors.ts";
import { type Certificate, makeCertificate } from "../lab/certificate.ts";
import type { Lab } from "../lab/lab.ts";
import { freePort } from "../lab/ports.ts";
import { SERVER_NAME } from "../load/dial.ts";
import { memoryOf } from "../measure/memory.ts";
import type { Doors } from "../soak/protocol.ts";
import { Operator } from "./admin.ts";
import { Backends } from "./backends.ts";
import { CONFIG_FILE, ConfigFile } from "./config-file.ts";
import type { HourClientsCalls } from "./protocol.ts";

const PROGRAM = resolvePath(import.meta.dirname, "../../bin/fairlead.cjs");
/** Of drains and rebalances, so that none takes longer than a tenth of the hour. */
const RATE_SHARE = 0.1;
const RATE_MIN = 50;

/** How large it all is. */
export interface Scale {
  readonly tunnels: number;
  readonly workers: number;
  /** Messages a second that each client says, and that it is told besides the echoes of them. */
  readonly said: number;
  readonly told: number;
  /** Over how long a process that is replaced ends its tunnels, in milliseconds. */
  readonly shutdown: number;
}

/** Everything that takes part. */
export interface Stage {
  readonly lab: Lab;
  readonly scale: Scale;
  readonly operator: Operator;
  readonly backends: Backends;
  readonly file: ConfigFile;
  readonly clients: Actor<HourClientsCalls>;
  readonly doors: Doors;
  readonly certificates: readonly [Certificate, Certificate];
  /** Tunnels a second that drains and rebalances end. */
  readonly rate: number;
  readonly fairlead: Fairlead;
}

/** The processes of fairlead, one after the other. */
export interface Fairlead {
  /** Where the log of all of them goes. */
  readonly log: string;
  /** All that there were, the one that serves last. */
  readonly pids: readonly number[];
  /** Exit code, or signal, of the first. */
  readonly exit: Promise<number | string>;
  /** Another one serves by now. */
  upgraded(pid: number): void;
  /** Memory of those that run, in bytes. */
  memory(): number;
}

/** Starts five backends, fairlead with ws and wss, and the clients' process. */
export async function setStage(lab: Lab, scale: Scale): Promise<Stage> {
  const backends = new Backends(lab, scale.told);
  await backends.start();
  const certificates = [
    makeCertificate(lab.room("certificate"), SERVER_NAME),
    makeCertificate(lab.room("certificate"), SERVER_NAME),
  ] as const;
  const [plain, tls, admin] = [await freePort(), await freePort(), await freePort()];
  const rate = Math.max(RATE_MIN, scale.tunnels * RATE_SHARE);
  const operator = new Operator(admin);
  const { workers, shutdown } = scale;
  const file = new ConfigFile({ plain, tls, admin, workers, rate, shutdown }, backends, operator, lab.signal);
  const fairlead = await startFairlead(lab, file, plain, certificates[0]);
  const doors = { plain, tls, ca: certificates.map(({ cert }) => cert).join("\n") };
  const clients = startActor<HourClientsCalls>(lab, "hour/clients.ts");
  return { lab, scale, operator, backends, file, clients, doors, certificates, rate, fairlead };
}

async function startFairlead(lab: Lab, file: ConfigFile, port: number, certificate: Certificate): Promise<Fairlead> {
  const running = await lab.launch("fairlead", {
    port,
    command: () => [process.execPath, PROGRAM, "serve", "--config", CONFIG_FILE],
    files: () => file.files(certificate),
    env: {},
  });
  const pids = [running.pid];
  file.belongsTo(running.folder, running.pid);
  return {
    log: join(running.folder, "log"),
    pids,
    exit: running.exit,
    upgraded(pid) {
      pids.push(pid);
      lab.remember(pid);
      file.belongsTo(running.folder, pid);
    },
    memory: () => pids.filter(isRunning).reduce((sum, pid) => sum + memoryOf(pid).own, 0),
  };
}

/** Whether a process runs; one that has ended and that nobody has asked for its exit code does not. */
export function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
  } catch {
    return false;
  }
}

/** The process that the last upgrade has started, as the log tells; undefined before the first. */
export function successorOf({ log }: Fairlead): number | undefined {
  const lines = readFileSync(log, "utf8").split("\n");
  const line = lines.findLast((text) => text.includes("a new instance is starting"));
  const pid = /"pid":(\d+)/.exec(line ?? "")?.[1];
  return pid === undefined ? undefined : Number(pid);
}
