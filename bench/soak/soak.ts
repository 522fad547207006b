import { join } from "node:path";
import type { Lab } from "../lab/lab.ts";
import { sleep } from "../lab/sleep.ts";
import { readStat } from "../measure/processes.ts";
import { readLogbook } from "./logbook.ts";
import { mergeReports } from "./merge.ts";
import type { ClientsReport, Crowd } from "./protocol.ts";
import { readAtRest, type Reading } from "./readings.ts";
import { setStage, type Stage } from "./stage.ts";
import type { Evidence } from "./verdict.ts";

/** How a soak goes. */
export interface SoakPlan {
  /** Loads with a rest behind each. */
  readonly cycles: number;
  /** How long each load lasts, in milliseconds; with its rest it makes a minute. */
  readonly load: number;
  /** Processes of clients, and who is in each of them. */
  readonly clients: number;
  readonly crowd: Crowd;
  /** What the clients' dice begin with. */
  readonly seed: number;
}

/** Senders of one process are numbered below those of the next. */
const SENDERS = 1_000_000_000;
/** Clients before the first reading, so that what is opened once is open. */
const FIRST: Crowd = { talkers: 4, residents: 0, readers: 0, requesters: 2 };
const FIRST_TIME = 2_000;
/** How long fairlead may take to end, in milliseconds. */
const END_TIMEOUT = 20_000;
const END_INTERVAL = 50;

/** Runs it from the first connection to the last, and gives what was seen. */
export async function soak(plan: SoakPlan, lab: Lab, say: (line: string) => void): Promise<Evidence> {
  const stage = await setStage(lab, plan.clients);
  const { instance, clients, weather, disturbed } = stage;
  const started = performance.now();
  const reports: ClientsReport[] = [];
  const rest = async (tunnels: number): Promise<Reading> => {
    for (const one of clients) reports.push(await one.ask("report", {}));
    const reading = await readAtRest(instance, started, { tunnels }, lab.signal);
    say(progress(reading, mergeReports(reports)));
    return reading;
  };
  await start(stage, FIRST, plan.seed);
  await sleep(FIRST_TIME, lab.signal);
  await calm(stage);
  const before = await rest(0);
  const residents = plan.crowd.residents * plan.clients;
  const rests: Reading[] = [];
  for (let cycle = 1; cycle <= plan.cycles; cycle += 1) {
    await loadOnce(stage, plan, cycle);
    rests.push(await rest(residents));
  }
  await Promise.all(clients.map((one) => one.ask("end", {})));
  const after = await rest(0);
  await endInstance(stage);
  const names = new Set(disturbed.map(({ port }) => `ws://127.0.0.1:${port}`));
  const log = await readLogbook(join(instance.folder, "log"), (backend) => names.has(backend));
  const { disturbances } = weather;
  return { before, rests, after, residents, clients: mergeReports(reports), disturbances, log };
}

async function start({ clients, doors }: Stage, crowd: Crowd, seed: number): Promise<void> {
  await Promise.all(clients.map((one, at) => one.ask("start", { doors, crowd, seed: seed + at, first: at * SENDERS })));
}

async function calm({ clients }: Stage): Promise<void> {
  await Promise.all(clients.map((one) => one.ask("calm", {})));
}

/** All backends are up again before the clients end: what ends in order is seen to do so. */
async function loadOnce(stage: Stage, { load, crowd, seed, clients }: SoakPlan, cycle: number): Promise<void> {
  await start(stage, crowd, seed + cycle * clients);
  const stop = new AbortController();
  const raging = stage.weather.rage(stop.signal);
  await Promise.race([raging, sleep(load, stage.lab.signal)]);
  stop.abort();
  await raging;
  await calm(stage);
}

/** Asks fairlead to end, and waits until it has. */
async function endInstance({ instance, lab }: Stage): Promise<void> {
  process.kill(instance.pid, "SIGTERM");
  const deadline = performance.now() + END_TIMEOUT;
  while (isRunning(instance.pid)) {
    if (performance.now() > deadline) throw new Error(`fairlead does not end within ${END_TIMEOUT / 1000} s`);
    await sleep(END_INTERVAL, lab.signal);
  }
}

function isRunning(pid: number): boolean {
  return readStat(pid) !== undefined;
}

function progress({ minutes, bytes, status }: Reading, { counts }: ClientsReport): string {
  const mib = (bytes / 1024 / 1024).toFixed(1);
  const { handshakes = 0, messages = 0, lost = 0, complaints = 0 } = counts;
  const seen = `${handshakes} handshakes, ${messages} messages, ${lost} tunnels lost, ${complaints} complaints`;
  return `${minutes.toFixed(1).padStart(5)} min: ${mib} MiB, ${status.tunnels} tunnels open; so far ${seen}`;
}
