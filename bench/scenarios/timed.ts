import { sleep } from "../lab/sleep.ts";
import type { Load, Mark } from "../load/protocol.ts";
import { type Cpu, cpuBetween, cpuOf } from "../measure/cpu.ts";
import { type Metric, type Readings, startLoad, type Turn } from "./scenario.ts";

const MICRO = 1_000_000;

/** What a window of time gave. */
export interface Window {
  readonly mark: Mark;
  /** Undefined without a proxy. */
  readonly proxy: Cpu | undefined;
  readonly generator: Cpu;
  readonly backend: Cpu;
}

/** Measures everybody's CPU around some work. */
export async function timeWork(turn: Turn, work: () => Promise<void>, idle = false): Promise<Window> {
  const { generator, backendPid, proxyPid } = turn;
  const read = (): [Cpu | undefined, Cpu, Cpu] => [
    proxyPid === undefined ? undefined : cpuOf(proxyPid),
    cpuOf(generator.pid),
    cpuOf(backendPid),
  ];
  await generator.ask("mark", { idle: true });
  const [proxyBefore, generatorBefore, backendBefore] = read();
  await work();
  const mark = await generator.ask("mark", { idle });
  const [proxyAfter, generatorAfter, backendAfter] = read();
  return {
    mark,
    proxy: proxyBefore && proxyAfter && cpuBetween(proxyBefore, proxyAfter),
    generator: cpuBetween(generatorBefore, generatorAfter),
    backend: cpuBetween(backendBefore, backendAfter),
  };
}

/**
 * Times a load from rest to rest: it starts with nothing under way, and ends when the last answer is there. So every
 * message that cost something is counted, and none twice; of 200 messages of 1 MiB a window cut out of the middle would
 * count a whole wave too many or too few. The same load has run before, for some time that is not counted.
 */
export async function timeLoad(turn: Turn, load: Load): Promise<Window> {
  const { plan, warmUp } = turn;
  if (warmUp) return timeWork(turn, () => runLoad(turn, load, plan.warmUp));
  await runLoad(turn, load, plan.settle);
  return timeWork(turn, () => runLoad(turn, load, plan.window));
}

async function runLoad(turn: Turn, load: Load, milliseconds: number): Promise<void> {
  await startLoad(turn, load);
  await sleep(milliseconds, turn.signal);
  await turn.generator.ask("stop", {});
}

/** CPU, rate and latencies by the unit of work, in microseconds. */
export function workReadings({ mark, proxy, generator, backend }: Window): Readings {
  const each = (seconds: number): number => (seconds / mark.units) * MICRO;
  const { latency } = mark;
  return {
    ...(proxy && { cpu: each(proxy.user + proxy.system), user: each(proxy.user), system: each(proxy.system) }),
    rate: mark.units / mark.seconds,
    ...(latency && { p50: latency.p50, p90: latency.p90, p99: latency.p99, p999: latency.p999, max: latency.max }),
    generatorCpu: each(generator.user + generator.system),
    backendCpu: each(backend.user + backend.system),
  };
}

/** The metrics that {@link workReadings} gives. */
export function workMetrics(unit: string): Metric[] {
  const lower = (key: string, title: string, of = "us"): Metric => ({ key, title, unit: of, better: "lower" });
  return [
    lower("cpu", `CPU of the proxy per ${unit}`),
    lower("user", "of it in the program"),
    lower("system", "of it in the kernel"),
    { key: "rate", title: `${unit}s a second`, unit: "/s", better: "higher" },
    lower("p50", "latency, median"),
    lower("p90", "latency, 90 %"),
    lower("p99", "latency, 99 %"),
    lower("p999", "latency, 99.9 %"),
    lower("max", "latency, greatest"),
    lower("generatorCpu", `CPU of the load generator per ${unit}`),
    lower("backendCpu", `CPU of the echo per ${unit}`),
  ];
}
