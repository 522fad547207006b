import { type Actor, startBackend, startGenerator } from "../lab/actors.ts";
import { type Instance, startInstance } from "../lab/instance.ts";
import type { Lab } from "../lab/lab.ts";
import { sleep } from "../lab/sleep.ts";
import type { GeneratorCalls, Goal } from "../load/protocol.ts";
import { fitLine, type Line } from "../measure/line.ts";
import { memoryOf } from "../measure/memory.ts";

/** Bytes of the message that every tunnel carries. */
const MESSAGE_BYTES = 64;
/** Tunnels that come and go before anything is measured, so that what a program loads once is not counted. */
const FIRST_TUNNELS = 100;
/** Tunnels that are asked for in one call. */
const OPEN_STEP = 1_000;
/** Some instances that hold as many tunnels each. */
export interface Part {
  readonly title: string;
  readonly instances: number;
  readonly workers: number;
  /** Tunnels of each instance, level after level. */
  readonly levels: readonly number[];
  /** From the last answer to "at rest", in milliseconds. */
  readonly rest: number;
}

/** The memory of one instance at one level, all its processes, at rest. */
interface Level {
  readonly tunnels: number;
  readonly bytes: number;
}

/** What one instance showed. */
export interface Held {
  /** The first is the one before any tunnel. */
  readonly levels: readonly Level[];
  /** Bytes over tunnels, of all levels but the first: what a heap grows by for a thousand is not each tunnel's. */
  readonly line: Line | undefined;
}

interface Stand {
  readonly instance: Instance;
  readonly generator: Actor<GeneratorCalls>;
  readonly goal: Goal;
  readonly levels: Level[];
}

/** Starts the instances, each with a backend and a load generator of its own, and takes all of them from level to level. */
export async function runPart(part: Part, lab: Lab, say: (line: string) => void): Promise<Held[]> {
  const stands: Stand[] = [];
  for (let at = 0; at < part.instances; at += 1) stands.push(await startStand(part, lab));
  await Promise.all(stands.map((stand) => warmUp(stand)));
  await sleep(part.rest, lab.signal);
  for (const stand of stands) stand.levels.push({ tunnels: 0, bytes: memoryOf(stand.instance.pid).own });
  for (const tunnels of part.levels) {
    await Promise.all(stands.map((stand) => fill(stand, tunnels)));
    await sleep(part.rest, lab.signal);
    for (const stand of stands) stand.levels.push({ tunnels, bytes: memoryOf(stand.instance.pid).own });
    // Fails when a tunnel was lost, or when an answer is missing or too many.
    await Promise.all(stands.map(({ generator }) => generator.ask("once", { size: MESSAGE_BYTES })));
    await Promise.all(stands.map((stand) => compare(stand, tunnels)));
    say(`  ${(tunnels * part.instances).toLocaleString("en")} tunnels are open and answer`);
  }
  await Promise.all(stands.map((stand) => end(stand)));
  return stands.map(({ levels }) => ({
    levels,
    line: fitLine(levels.slice(1).map(({ tunnels, bytes }) => ({ x: tunnels, y: bytes }))),
  }));
}

async function startStand({ workers }: Part, lab: Lab): Promise<Stand> {
  const { plain } = await startBackend(lab).ask("listen", {});
  const config = { backends: [`ws://127.0.0.1:${plain}`], workers };
  const instance = await startInstance(lab, "fairlead", config);
  return { instance, generator: startGenerator(lab), goal: { port: instance.port }, levels: [] };
}

async function warmUp({ generator, goal }: Stand): Promise<void> {
  await generator.ask("check", { goal, sizes: [1, MESSAGE_BYTES], plain: true });
  await generator.ask("open", { goal, count: FIRST_TUNNELS, size: MESSAGE_BYTES });
  await generator.ask("once", { size: MESSAGE_BYTES });
  await generator.ask("close", {});
}

/** Opens what is missing; then every tunnel carries a message and its answer. */
async function fill({ generator, goal, levels }: Stand, tunnels: number): Promise<void> {
  for (let count = levels.at(-1)?.tunnels ?? 0; count < tunnels;) {
    count = Math.min(tunnels, count + OPEN_STEP);
    await generator.ask("open", { goal, count, size: MESSAGE_BYTES });
  }
  await generator.ask("once", { size: MESSAGE_BYTES });
}

/** What the instance says of itself has to agree with what the clients see. */
async function compare({ instance }: Stand, tunnels: number): Promise<void> {
  const status = await instance.status();
  if (status.tunnels !== tunnels) throw new Error(`${status.tunnels} tunnels are open, not ${tunnels}`);
  const refused = status.refusedTunnels + status.refusedConnections;
  if (refused > 0) throw new Error(`${refused} clients were refused for want of room`);
}

async function end({ instance, generator }: Stand): Promise<void> {
  generator.stop();
  await instance.stop();
}
