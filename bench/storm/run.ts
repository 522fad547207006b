import { parseArgs } from "node:util";
import { Operator } from "../hour/admin.ts";
import { type Actor, startBackend, startGenerator } from "../lab/actors.ts";
import { runCommand } from "../lab/command.ts";
import { type Instance, startInstance } from "../lab/instance.ts";
import { type Lab, openLab } from "../lab/lab.ts";
import { sleep } from "../lab/sleep.ts";
import type { BackendCalls, GeneratorCalls } from "../load/protocol.ts";
import { readAtRest, type Reading } from "../soak/readings.ts";
import { wholeNumber } from "../whole-number.ts";

/** `npm run storm [-- --tunnels N]`: how long it takes until all tunnels of a killed backend have another one. */

const TUNNELS = 9_000;
/** Two workers have 20,000 descriptors each, and a tunnel takes two. */
const TUNNELS_MAX = 18_000;
const TIMES_MAX = 100;
const RATE_MAX = 100_000;
const WORKERS = 2;
const KIB = 1024;
/** Tunnels that come and go before anything is measured. */
const FIRST_TUNNELS = 100;
const MESSAGE_BYTES = 64;
/** Tunnels that are asked for in one call. */
const OPEN_STEP = 1_000;
/** In milliseconds. */
const LOOK = 100;
const TIMEOUT = 5 * 60_000;
/** As shells number an end by Ctrl-C. */
const EXIT_STOPPED = 130;
const HELP = `usage: npm run storm [-- options]

Opens tunnels to one backend, kills it, and measures how long it takes until another one has all of them, while their
clients stay connected.

  --tunnels N   how many (${TUNNELS})
  --times N     how often their backend is killed (1)
  --rate N      new connections per second to a backend, as admission.rate says (off)
  --help        this text

Exit code: 0 none was lost, 1 one was lost, or a descriptor was not closed, or something failed, 2 wrong usage, 130 stopped.
`;

interface Options {
  readonly help: boolean;
  readonly tunnels: number;
  readonly times: number;
  readonly rate: number | "off";
}

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tunnels: { type: "string" },
      times: { type: "string" },
      rate: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
  const { help = false, tunnels = String(TUNNELS), times = "1", rate } = values;
  return {
    help,
    tunnels: wholeNumber("--tunnels", tunnels, TUNNELS_MAX),
    times: wholeNumber("--times", times, TIMES_MAX),
    rate: rate === undefined ? "off" : wholeNumber("--rate", rate, RATE_MAX),
  };
}

async function run({ tunnels, times, rate }: Options): Promise<number> {
  const lab = openLab(AbortSignal.timeout(TIMEOUT * times));
  process.on("exit", () => lab.close());
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(EXIT_STOPPED));
  let backend = await startOther(lab);
  const instance = await startInstance(lab, "fairlead", {
    workers: WORKERS,
    pools: {
      default: { backends: [backend.url], admission: { rate, queue: { size: tunnels, timeout: "1m" } } },
    },
    tunnel: { rehome: { timeout: "1m" } },
  });
  const operator = new Operator(instance.adminPort);
  const generator = startGenerator(lab);
  const readings: Reading[] = [];
  const read = async (open: number): Promise<string> => {
    const reading = await readAtRest(instance, performance.now(), { tunnels: open }, lab.signal);
    readings.push(reading);
    const bytes = reading.bytes - (readings[0]?.bytes ?? 0);
    return `${(bytes / tunnels / KIB).toFixed(1)} KiB of memory each, ${descriptorsOf(reading)} descriptors`;
  };
  await openAll(generator, instance.port, FIRST_TUNNELS);
  await generator.ask("close", {});
  await read(0);
  await openAll(generator, instance.port, tunnels);
  console.log(`${tunnels} tunnels that can get another backend: ${await read(tunnels)}`);
  for (let time = 0; time < times; time += 1) {
    const other = await startOther(lab);
    await operator.add("default", other.url);
    const seconds = await endure(instance, backend, other, tunnels, lab.signal);
    // Fails when a tunnel was lost, or when an answer is missing or too many.
    await generator.ask("once", { size: MESSAGE_BYTES });
    await operator.remove("default", backend.url);
    backend = other;
    console.log(
      `their backend was killed, and all had another one after ${seconds.toFixed(1)} s: ${await read(tunnels)}`,
    );
  }
  generator.stop();
  await instance.stop();
  const [, before, ...after] = readings.map(descriptorsOf);
  if (after.every((count) => count === before)) return 0;
  console.error("there are not as many descriptors as before: some were not closed, or some are missing");
  return 1;
}

interface Other {
  readonly actor: Actor<BackendCalls>;
  readonly url: string;
}

async function startOther(lab: Lab): Promise<Other> {
  const actor = startBackend(lab);
  const { plain } = await actor.ask("listen", {});
  return { actor, url: `ws://127.0.0.1:${plain}` };
}

/** Opens tunnels; each carries a message and its answer. */
async function openAll(generator: Actor<GeneratorCalls>, port: number, tunnels: number): Promise<void> {
  for (let count = 0; count < tunnels;) {
    count = Math.min(tunnels, count + OPEN_STEP);
    await generator.ask("open", { goal: { port }, count, size: MESSAGE_BYTES });
  }
  await generator.ask("once", { size: MESSAGE_BYTES });
}

/** Kills the backend of all tunnels. @returns after how many seconds all have the other one */
async function endure(
  instance: Instance,
  victim: Other,
  other: Other,
  tunnels: number,
  signal: AbortSignal,
): Promise<number> {
  const begun = performance.now();
  const seconds = (): number => (performance.now() - begun) / 1_000;
  victim.actor.stop();
  for (;;) {
    await sleep(LOOK, signal);
    const { pools, tunnels: left } = await instance.status();
    const open = pools[0]?.backends.find(({ name }) => name === other.url)?.open ?? 0;
    console.error(`  ${seconds().toFixed(1)} s: ${open} of ${left} have another backend`);
    if (left < tunnels) throw new Error(`${tunnels - left} tunnels were lost`);
    if (open === tunnels) return seconds();
  }
}

function descriptorsOf({ processes }: Reading): number {
  return processes.reduce((sum, { descriptors }) => sum + descriptors, 0);
}

process.exit(await runCommand({ name: "storm", help: HELP, optionsOf, run }, process.argv.slice(2)));
