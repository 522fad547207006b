import type { Load } from "../load/protocol.ts";
import type { Scenario } from "./scenario.ts";
import { fewer, oneWorker } from "./scenario.ts";
import { timeLoad, workMetrics, workReadings } from "./timed.ts";

/** Tunnels of every echo. */
const TUNNELS = 200;

interface Echo {
  readonly name: string;
  readonly title: string;
  readonly size: number;
  readonly inFlight?: number;
  readonly tls?: boolean;
  readonly quick?: boolean;
  /** fairlead with two workers takes part as well. */
  readonly workers?: boolean;
}

/** Messages go to the backend and back, over 200 tunnels, the next when the last has come. */
function echo({ name, title, size, inFlight = 1, tls = false, quick = false, workers = false }: Echo): Scenario {
  const load: Load = { kind: "closed", size, inFlight };
  return {
    name,
    title: `${title}, ${TUNNELS} tunnels`,
    runs: quick ? "both" : "full",
    tls,
    fresh: false,
    sizes: [1, size],
    plain: false,
    metrics: workMetrics(inFlight === 1 ? "round trip" : "message"),
    takesPart: workers ? () => true : tls ? fewer : oneWorker,
    async turn(turn) {
      await turn.generator.ask("open", { goal: turn.goal, count: TUNNELS, size });
      return workReadings(await timeLoad(turn, load));
    },
  };
}

const KIB = 1024;

/** Echo scenarios over ws and wss. */
export const ECHOES: readonly Scenario[] = [
  echo({ name: "echo-64", title: "echo of 64 B", size: 64, quick: true, workers: true }),
  echo({ name: "echo-1k", title: "echo of 1 KiB", size: KIB }),
  echo({ name: "echo-64k", title: "echo of 64 KiB", size: 64 * KIB, quick: true }),
  echo({ name: "echo-1m", title: "echo of 1 MiB", size: KIB * KIB }),
  echo({ name: "echo-64x16", title: "echo of 64 B, 16 in flight", size: 64, inFlight: 16, quick: true }),
  echo({ name: "wss-64", title: "wss: echo of 64 B", size: 64, tls: true }),
  echo({ name: "wss-1k", title: "wss: echo of 1 KiB", size: KIB, tls: true }),
  echo({ name: "wss-64k", title: "wss: echo of 64 KiB", size: 64 * KIB, tls: true }),
  echo({ name: "wss-1m", title: "wss: echo of 1 MiB", size: KIB * KIB, tls: true }),
  echo({ name: "wss-64x16", title: "wss: echo of 64 B, 16 in flight", size: 64, inFlight: 16, tls: true }),
];
