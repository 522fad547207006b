import { fewer, type Scenario } from "./scenario.ts";
import { timeLoad, workMetrics, workReadings } from "./timed.ts";

const FAN_OUT_TUNNELS = 2000;
const FAN_OUT_BYTES = 256;
const IDLE_TUNNELS = 5000;
const IDLE_SHARE = 0.01;
const IDLE_BYTES = 64;
/** Over TLS it takes longer to open tunnels than to measure them. */
const TLS_TUNNELS = 500;

const common = { runs: "full", fresh: false, plain: false, takesPart: fewer } as const;

/** The backend sends one message to each of 2,000 clients; when the last has it, the next. */
function fanOut(tls: boolean): Scenario {
  const count = tls ? TLS_TUNNELS : FAN_OUT_TUNNELS;
  return {
    ...common,
    name: tls ? "wss-fan-out" : "fan-out",
    title: `${tls ? "wss: " : ""}fan-out of ${FAN_OUT_BYTES} B to ${count.toLocaleString("en")} clients`,
    tls,
    sizes: [FAN_OUT_BYTES],
    metrics: workMetrics("message"),
    async turn(turn) {
      await turn.generator.ask("open", { goal: turn.goal, count, size: FAN_OUT_BYTES, fanOut: true });
      return workReadings(await timeLoad(turn, { kind: "fan-out", size: FAN_OUT_BYTES }));
    },
  };
}

/** One in a hundred of all tunnels has a message under way, and all take turns. */
function mostlyIdle(tls: boolean): Scenario {
  const count = tls ? TLS_TUNNELS : IDLE_TUNNELS;
  return {
    ...common,
    name: tls ? "wss-mostly-idle" : "mostly-idle",
    title: `${tls ? "wss: " : ""}${count.toLocaleString("en")} tunnels, 1 % active, echo of ${IDLE_BYTES} B`,
    tls,
    sizes: [IDLE_BYTES],
    metrics: workMetrics("round trip"),
    async turn(turn) {
      await turn.generator.ask("open", { goal: turn.goal, count, size: IDLE_BYTES });
      return workReadings(
        await timeLoad(turn, { kind: "turns", size: IDLE_BYTES, active: Math.ceil(count * IDLE_SHARE) }),
      );
    },
  };
}

/** Scenarios of many tunnels. */
export const CROWDS: readonly Scenario[] = [fanOut(false), mostlyIdle(false), fanOut(true), mostlyIdle(true)];
