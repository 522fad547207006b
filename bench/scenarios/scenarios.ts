import { ADDED_LATENCY } from "./added-latency.ts";
import { CROWDS } from "./crowds.ts";
import { ECHOES } from "./echo.ts";
import { HANDSHAKES } from "./handshakes.ts";
import { HEARTBEATS } from "./heartbeats.ts";
import { MEMORY } from "./memory.ts";
import { PLAIN_HTTP } from "./plain-http.ts";
import type { Scenario } from "./scenario.ts";

/** All scenarios, in the order of the run. */
export const SCENARIOS: readonly Scenario[] = [
  ...ECHOES,
  ...CROWDS,
  ...HANDSHAKES,
  ADDED_LATENCY,
  PLAIN_HTTP,
  ...MEMORY,
  HEARTBEATS,
];

/** What `--scenario` may name. */
export const SCENARIO_NAMES: readonly string[] = SCENARIOS.map(({ name }) => name);
