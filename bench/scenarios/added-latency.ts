import { oneWorker, type Readings, type Scenario, type Turn } from "./scenario.ts";
import { timeLoad, workMetrics, workReadings } from "./timed.ts";

const TUNNELS = 200;
const SIZE = 64;
/** Share of nginx's peak rate. */
const SHARE = 0.5;
/** The tail of a distribution needs more of it than a mean does. */
const LONGER = 2;

/** Messages a second that the contestant carries at most, in a closed loop. */
async function peakRate(turn: Turn): Promise<number> {
  await turn.generator.ask("open", { goal: turn.goal, count: TUNNELS, size: SIZE });
  const { mark } = await timeLoad(turn, { kind: "closed", size: SIZE, inFlight: 1 });
  return mark.units / mark.seconds;
}

/** What each adds to the same round's line without a proxy. */
export function addedLatency(byVariant: ReadonlyMap<string, Readings>): ReadonlyMap<string, Readings> {
  const direct = byVariant.get("direct");
  const derived = new Map<string, Readings>();
  for (const [id, readings] of byVariant) {
    if (id === "direct" || direct === undefined) continue;
    const added = (key: string): number => (readings[key] ?? Number.NaN) - (direct[key] ?? Number.NaN);
    derived.set(id, { addedP99: added("p99"), addedP50: added("p50") });
  }
  return derived;
}

/** An open loop at half of nginx's peak: latency counts from when a message should have gone out. */
export const ADDED_LATENCY: Scenario = {
  name: "added-latency",
  title: `latency added at half of nginx's peak rate, echo of ${SIZE} B, ${TUNNELS} tunnels, open loop`,
  runs: "full",
  tls: false,
  fresh: false,
  sizes: [SIZE],
  plain: false,
  metrics: [
    { key: "addedP99", title: "added latency, 99 %", unit: "us", better: "lower" },
    { key: "addedP50", title: "added latency, median", unit: "us", better: "lower" },
    { key: "goal", title: "messages a second that were asked for", unit: "/s", better: "higher" },
    ...workMetrics("round trip"),
  ],
  takesPart: oneWorker,
  prepare: { on: ["nginx", "haproxy", "fairlead"], measure: peakRate },
  async turn(turn) {
    const rate = Math.round(turn.prepared * SHARE);
    const plan = { ...turn.plan, window: turn.plan.window * LONGER };
    await turn.generator.ask("open", { goal: turn.goal, count: TUNNELS, size: SIZE });
    const readings = workReadings(await timeLoad({ ...turn, plan }, { kind: "open", size: SIZE, rate }));
    return { ...readings, goal: rate };
  },
  derive: addedLatency,
};
