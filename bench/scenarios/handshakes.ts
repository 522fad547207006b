import { fewer, type Scenario } from "./scenario.ts";
import { timeLoad, workMetrics, workReadings } from "./timed.ts";

/** Connections at a time. */
const CONCURRENCY = 64;
const MICRO = 1_000_000;

/** Connect, upgrade, closing handshake; what counts is how many a second of the proxy's CPU is good for. */
function handshakes(tls: boolean): Scenario {
  return {
    name: tls ? "wss-handshakes" : "handshakes",
    title: `${tls ? "wss: " : ""}connect, upgrade, close; ${CONCURRENCY} at a time`,
    runs: tls ? "full" : "both",
    tls,
    fresh: false,
    sizes: [64],
    plain: false,
    metrics: [
      { key: "perCpuSecond", title: "handshakes per CPU second", unit: "/s", better: "higher" },
      ...workMetrics("handshake"),
    ],
    takesPart: tls ? fewer : () => true,
    async turn(turn) {
      const readings = workReadings(await timeLoad(turn, { kind: "churn", concurrency: CONCURRENCY }));
      const { cpu } = readings;
      return cpu === undefined ? readings : { ...readings, perCpuSecond: MICRO / cpu };
    },
  };
}

/** Handshakes, plain and over TLS. */
export const HANDSHAKES: readonly Scenario[] = [handshakes(false), handshakes(true)];
