import { parseArgs } from "node:util";
import { Operator } from "../hour/admin.ts";
import { startBackend, startGenerator } from "../lab/actors.ts";
import { runCommand } from "../lab/command.ts";
import { startInstance } from "../lab/instance.ts";
import { openLab } from "../lab/lab.ts";
import { sleep } from "../lab/sleep.ts";
import { memoryOf } from "../measure/memory.ts";
import { wholeNumber } from "../whole-number.ts";

/** `npm run storm [-- --tunnels N]`: how long it takes until all tunnels of a killed backend have another one. */

const TUNNELS = 9_000;
/** Two workers have 20,000 descriptors each, and a tunnel takes two. */
const TUNNELS_MAX = 18_000;
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
const REST = 2_000;
const TIMEOUT = 5 * 60_000;
/** As shells number an end by Ctrl-C. */
const EXIT_STOPPED = 130;
const HELP = `usage: npm run storm [-- options]

Opens tunnels to one backend, kills it, and measures how long it takes until another one has all of them, while their
clients stay connected.

  --tunnels N   how many (${TUNNELS})
  --rate N      new connections per second to a backend, as admission.rate says (off)
  --help        this text

Exit code: 0 none was lost, 1 one was lost or something failed, 2 wrong usage, 130 stopped.
`;

interface Options {
  readonly help: boolean;
  readonly tunnels: number;
  readonly rate: number | "off";
}

function optionsOf(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { tunnels: { type: "string" }, rate: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  const { help = false, tunnels = String(TUNNELS), rate } = values;
  return {
    help,
    tunnels: wholeNumber("--tunnels", tunnels, TUNNELS_MAX),
    rate: rate === undefined ? "off" : wholeNumber("--rate", rate, RATE_MAX),
  };
}

async function run({ tunnels, rate }: Options): Promise<number> {
  const lab = openLab(AbortSignal.timeout(TIMEOUT));
  process.on("exit", () => lab.close());
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(EXIT_STOPPED));
  const [first, second] = [startBackend(lab), startBackend(lab)];
  const [one, two] = await Promise.all([first, second].map((backend) => backend.ask("listen", {})));
  const urls = [one, two].map((ports) => `ws://127.0.0.1:${ports?.plain ?? 0}`);
  const [lost = "", kept = ""] = urls;
  const instance = await startInstance(lab, "fairlead", {
    workers: WORKERS,
    pools: {
      default: {
        backends: [lost, { url: kept, state: "draining" }],
        admission: { rate, queue: { size: tunnels, timeout: "1m" } },
      },
    },
    tunnel: { rehome: { timeout: "1m" } },
  });
  const goal = { port: instance.port };
  const generator = startGenerator(lab);
  // What a program loads with the first tunnel is not that tunnel's.
  await generator.ask("open", { goal, count: FIRST_TUNNELS, size: MESSAGE_BYTES });
  await generator.ask("close", {});
  await sleep(REST, lab.signal);
  const empty = memoryOf(instance.pid).own;
  const memory = (): string => `${((memoryOf(instance.pid).own - empty) / tunnels / KIB).toFixed(1)} KiB`;
  for (let count = 0; count < tunnels;) {
    count = Math.min(tunnels, count + OPEN_STEP);
    await generator.ask("open", { goal, count, size: MESSAGE_BYTES });
  }
  await generator.ask("once", { size: MESSAGE_BYTES });
  await new Operator(instance.adminPort).change("default", kept, { state: "active" });
  await sleep(REST, lab.signal);
  console.log(`memory of a tunnel that can get another backend: ${memory()}`);
  const begun = performance.now();
  first.stop();
  for (let open = 0; open < tunnels;) {
    await sleep(LOOK, lab.signal);
    const { pools, tunnels: left } = await instance.status();
    open = pools[0]?.backends.find(({ name }) => name === kept)?.open ?? 0;
    console.error(`  ${((performance.now() - begun) / 1_000).toFixed(1)} s: ${open} of ${left} have another backend`);
    if (left < tunnels) throw new Error(`${tunnels - left} tunnels were lost`);
  }
  const seconds = (performance.now() - begun) / 1_000;
  // Fails when a tunnel was lost, or when an answer is missing or too many.
  await generator.ask("once", { size: MESSAGE_BYTES });
  console.log(`${tunnels} tunnels of a killed backend had another one after ${seconds.toFixed(1)} s; none was lost`);
  await sleep(REST, lab.signal);
  console.log(`memory of a tunnel then: ${memory()}`);
  generator.stop();
  await instance.stop();
  return 0;
}

process.exit(await runCommand({ name: "storm", help: HELP, optionsOf, run }, process.argv.slice(2)));
