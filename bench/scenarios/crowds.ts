import { oneWorker, type Scenario } from "./scenario.ts";
import { timeLoad, workMetrics, workReadings } from "./timed.ts";

const FAN_OUT_TUNNELS = 2000;
const FAN_OUT_BYTES = 256;
const IDLE_TUNNELS = 5000;
const IDLE_SHARE = 0.01;
const IDLE_BYTES = 64;

const common = { tls: false, fresh: false, plain: false, takesPart: oneWorker };

/** The backend sends one message to each of 2,000 clients; when the last has it, the next. */
const fanOut: Scenario = {
  ...common,
  name: "fan-out",
  title: `fan-out of ${FAN_OUT_BYTES} B to ${FAN_OUT_TUNNELS} clients`,
  runs: "full",
  sizes: [FAN_OUT_BYTES],
  metrics: workMetrics("message"),
  async turn(turn) {
    await turn.generator.ask("open", { goal: turn.goal, count: FAN_OUT_TUNNELS, size: FAN_OUT_BYTES, fanOut: true });
    return workReadings(await timeLoad(turn, { kind: "fan-out", size: FAN_OUT_BYTES }));
  },
};

/** One in a hundred of 5,000 tunnels has a message under way, and all take turns. */
const mostlyIdle: Scenario = {
  ...common,
  name: "mostly-idle",
  title: `${IDLE_TUNNELS} tunnels, 1 % active, echo of ${IDLE_BYTES} B`,
  runs: "full",
  sizes: [IDLE_BYTES],
  metrics: workMetrics("round trip"),
  async turn(turn) {
    await turn.generator.ask("open", { goal: turn.goal, count: IDLE_TUNNELS, size: IDLE_BYTES });
    const load = { kind: "turns", size: IDLE_BYTES, active: IDLE_TUNNELS * IDLE_SHARE } as const;
    return workReadings(await timeLoad(turn, load));
  },
};

/** Scenarios of many tunnels. */
export const CROWDS: readonly Scenario[] = [fanOut, mostlyIdle];
