import { oneWorker, type Scenario } from "./scenario.ts";
import { timeLoad, workMetrics, workReadings } from "./timed.ts";

const CONNECTIONS = 100;

/** A small GET, again and again on connections that are kept alive. */
export const PLAIN_HTTP: Scenario = {
  name: "http",
  title: `plain HTTP: small GET on ${CONNECTIONS} connections kept alive`,
  runs: "full",
  tls: false,
  fresh: false,
  sizes: [64],
  plain: true,
  metrics: workMetrics("request"),
  takesPart: oneWorker,
  turn: async (turn) => workReadings(await timeLoad(turn, { kind: "http", connections: CONNECTIONS })),
};
