import { sleep } from "../lab/sleep.ts";
import { type Memory, memoryOf } from "../measure/memory.ts";
import { median } from "../measure/statistics.ts";
import { type Metric, proxiesOnly, type Readings, type Scenario, startLoad, type Turn } from "./scenario.ts";

const KIB = 1024;
const LEVELS = [1000, 5000, 9000];
const IDLE_BYTES = 64;
const BUSY_TUNNELS = 1000;
const BUSY_BYTES = 64 * KIB;
/** Tunnels that come and go before the first reading, so that what a program loads once is not counted. */
const FIRST_TUNNELS = 100;
/** Readings while busy, over this share of a window each. */
const BUSY_READINGS = 8;

const kib = (key: string, title: string): Metric => ({ key, title, unit: "KiB", better: "lower" });

/** Memory of the warm proxy without tunnels. */
async function baseline(turn: Turn, pid: number, size: number): Promise<Memory> {
  const { generator, goal, plan, signal } = turn;
  await generator.ask("open", { goal, count: FIRST_TUNNELS, size });
  await generator.ask("once", { size });
  await generator.ask("close", {});
  await sleep(plan.rest, signal);
  return memoryOf(pid);
}

/** Memory differs little from round to round, and a turn takes a quarter of a minute. */
const ROUNDS_MAX = 3;

/** Opens tunnels level by level; each carries one message, then all rest. */
async function idleLevels(turn: Turn, levels: readonly number[]): Promise<Readings> {
  const { generator, goal, plan, signal, proxyPid: pid } = turn;
  if (pid === undefined) return {};
  const before = await baseline(turn, pid, IDLE_BYTES);
  const readings: Record<string, number> = {};
  for (const count of levels) {
    const perTunnel = (bytes: number): number => bytes / count / KIB;
    await generator.ask("open", { goal, count, size: IDLE_BYTES });
    await generator.ask("once", { size: IDLE_BYTES });
    readings[`after${count}`] = perTunnel(memoryOf(pid).all - before.all);
    await sleep(plan.rest, signal);
    const rest = memoryOf(pid);
    readings[`rest${count}`] = perTunnel(rest.all - before.all);
    readings[`own${count}`] = perTunnel(rest.own - before.own);
  }
  return readings;
}

function idle(name: string, levels: readonly number[], runs: Scenario["runs"], tls = false): Scenario {
  const count = (level: number): string => level.toLocaleString("en");
  const last = levels.at(-1) ?? 0;
  const rest = levels.toReversed().map((level) => kib(`rest${level}`, `per idle tunnel at ${count(level)}, at rest`));
  const after = levels.toReversed().map((level) => kib(`after${level}`, `at ${count(level)}, just after traffic`));
  const own = levels.toReversed().map((level) => kib(`own${level}`, `at ${count(level)}, at rest, without files`));
  return {
    name,
    title: `${tls ? "wss: " : ""}memory per idle tunnel, up to ${count(last)}`,
    runs,
    tls,
    fresh: true,
    sizes: [IDLE_BYTES],
    plain: false,
    roundsMax: ROUNDS_MAX,
    metrics: [...rest, ...own, ...after],
    takesPart: proxiesOnly,
    turn: (turn) => idleLevels(turn, levels),
  };
}

/** What 1,000 tunnels hold while each has 64 KiB under way, and when they rest. */
const busy: Scenario = {
  name: "memory-busy",
  title: `memory per tunnel while ${BUSY_TUNNELS.toLocaleString("en")} carry 64 KiB messages`,
  runs: "full",
  tls: false,
  fresh: true,
  sizes: [BUSY_BYTES],
  plain: false,
  roundsMax: ROUNDS_MAX,
  metrics: [
    kib("busy", "per busy tunnel, median"),
    kib("peak", "per busy tunnel, greatest"),
    kib("rest", "per tunnel at rest afterwards"),
  ],
  takesPart: proxiesOnly,
  async turn(turn) {
    const { generator, goal, plan, signal, proxyPid: pid } = turn;
    if (pid === undefined) return {};
    const before = await baseline(turn, pid, BUSY_BYTES);
    const perTunnel = (): number => (memoryOf(pid).all - before.all) / BUSY_TUNNELS / KIB;
    await generator.ask("open", { goal, count: BUSY_TUNNELS, size: BUSY_BYTES });
    await startLoad(turn, { kind: "closed", size: BUSY_BYTES, inFlight: 1 });
    await sleep(plan.settle, signal);
    const values: number[] = [];
    for (let i = 0; i < BUSY_READINGS; i += 1) {
      await sleep((2 * plan.window) / BUSY_READINGS, signal);
      values.push(perTunnel());
    }
    await generator.ask("mark", {});
    await generator.ask("stop", {});
    await sleep(plan.rest, signal);
    return { busy: median(values), peak: Math.max(...values), rest: perTunnel() };
  },
};

/** Scenarios of memory; the short one is for `--quick`. */
export const MEMORY: readonly Scenario[] = [
  idle("memory-idle-1000", LEVELS.slice(0, 1), "quick"),
  idle("memory-idle", LEVELS, "full"),
  idle("wss-memory-idle", LEVELS.slice(0, 1), "full", true),
  busy,
];
