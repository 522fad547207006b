import type { Scenario } from "./scenario.ts";
import { timeLoad, workMetrics, workReadings } from "./timed.ts";

/** Connections at a time. */
const CONCURRENCY = 64;
const MICRO = 1_000_000;

/** Connect, upgrade, closing handshake; what counts is how many a second of the proxy's CPU is good for. */
export const HANDSHAKES: Scenario = {
  name: "handshakes",
  title: `connect, upgrade, close; ${CONCURRENCY} at a time`,
  runs: "both",
  tls: false,
  fresh: false,
  sizes: [64],
  plain: false,
  metrics: [
    { key: "perCpuSecond", title: "handshakes per CPU second", unit: "/s", better: "higher" },
    ...workMetrics("handshake"),
  ],
  takesPart: () => true,
  async turn(turn) {
    const readings = workReadings(await timeLoad(turn, { kind: "churn", concurrency: CONCURRENCY }));
    const { cpu } = readings;
    return cpu === undefined ? readings : { ...readings, perCpuSecond: MICRO / cpu };
  },
};
