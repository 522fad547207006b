import { sleep } from "../lab/sleep.ts";
import type { Scenario } from "./scenario.ts";
import { timeWork } from "./timed.ts";

const TUNNELS = 9000;
const SIZE = 64;
/** One interval of fairlead's heartbeat as it comes, in milliseconds. */
const INTERVAL = 30_000;
/** From the last message to the first heartbeats everything is silent; the window begins with them. */
const LEAD = 2_000;

/** What it costs to ask 9,000 idle tunnels every 30 s whether they still live. Only fairlead does. */
export const HEARTBEATS: Scenario = {
  name: "heartbeats",
  title: `heartbeats of ${TUNNELS.toLocaleString("en")} idle tunnels every 30 s`,
  runs: "full",
  tls: false,
  fresh: true,
  sizes: [SIZE],
  plain: false,
  // A minute each, and nobody to be compared with.
  roundsMax: 2,
  metrics: [
    { key: "core", title: "share of one core", unit: "%", better: "lower" },
    { key: "tunnels", title: "tunnels alive at the end", unit: "", better: "higher" },
  ],
  takesPart: ({ id }) => id === "fairlead",
  async turn(turn) {
    const { generator, goal, signal } = turn;
    await generator.ask("open", { goal, count: TUNNELS, size: SIZE });
    await generator.ask("once", { size: SIZE });
    await sleep(INTERVAL - LEAD, signal);
    const { mark, proxy } = await timeWork(turn, () => sleep(INTERVAL, signal), true);
    // Fails when a tunnel was lost, so these are all.
    await generator.ask("once", { size: SIZE });
    const used = proxy === undefined ? Number.NaN : proxy.user + proxy.system;
    return { core: (used / mark.seconds) * 100, tunnels: TUNNELS };
  },
};
