import type { Certificate } from "./lab/certificate.ts";
import { type Actor, startBackend, startGenerator } from "./lab/actors.ts";
import type { Lab, Running } from "./lab/lab.ts";
import { freePort } from "./lab/ports.ts";
import type { BackendCalls, GeneratorCalls, Goal } from "./load/protocol.ts";
import type { Launch, Variant } from "./proxies/variant.ts";
import type { Readings, Scenario } from "./scenarios/scenario.ts";

/** A contestant that fails this often is out of the scenario. */
const FAILURES_MAX = 2;

/** A contestant in one scenario. */
export interface Seat {
  readonly variant: Variant;
  /** Readings by round; undefined where the turn failed or time was up. */
  readonly rounds: (Readings | undefined)[];
  readonly failures: string[];
  running: Running | undefined;
  goal: Goal | undefined;
  /** Its answers have been compared. */
  checked: boolean;
  out: boolean;
}

/** The load's two ends, for one scenario. */
export interface Ends {
  readonly backend: Actor<BackendCalls>;
  readonly plainPort: number;
  readonly tlsPort: number | undefined;
  generator: Actor<GeneratorCalls>;
}

export function takeSeat(variant: Variant): Seat {
  return { variant, rounds: [], failures: [], running: undefined, goal: undefined, checked: false, out: false };
}

/** Starts the load generator and the echo, new ones for every scenario. */
export async function startEnds(lab: Lab, certificate: Certificate | undefined): Promise<Ends> {
  const backend = startBackend(lab);
  const args = certificate === undefined ? {} : { key: certificate.key, cert: certificate.cert };
  const { plain, tls } = await backend.ask("listen", args);
  return { backend, plainPort: plain, tlsPort: tls, generator: startGenerator(lab) };
}

/** Starts the contestant where it does not run yet, and compares its answers before the first time. */
export async function ready(
  seat: Seat,
  scenario: Scenario,
  ends: Ends,
  lab: Lab,
  certificate: Certificate | undefined,
): Promise<Goal> {
  const { variant } = seat;
  const ca = certificate?.cert;
  if (variant.launch === undefined) seat.goal = { port: ends.tlsPort ?? ends.plainPort, ca };
  else if (seat.running === undefined) {
    const setting = { port: await freePort(), backend: ends.plainPort, certificate };
    seat.running = await started(seat, variant.launch(setting), lab);
    seat.goal = { port: setting.port, ca };
  }
  const { goal } = seat;
  if (goal === undefined) throw new Error(`${variant.id} does not run`);
  if (!seat.checked) {
    try {
      await ends.generator.ask("check", { goal, sizes: scenario.sizes, plain: scenario.plain });
    } catch (error) {
      seat.out = true;
      throw new Error(`its answers are wrong, so it is not timed: ${messageOf(error)}`, { cause: error });
    }
    seat.checked = true;
  }
  return goal;
}

/** What does not start once does not start the next time either. */
async function started(seat: Seat, launch: Launch, lab: Lab): Promise<Running> {
  try {
    return await lab.launch(seat.variant.id, launch);
  } catch (error) {
    seat.out = true;
    throw error;
  }
}

/** After something went wrong: the contestant and the generator begin anew. */
export async function recover(seat: Seat, error: unknown, ends: Ends, lab: Lab): Promise<void> {
  seat.failures.push(messageOf(error));
  if (seat.failures.length >= FAILURES_MAX) seat.out = true;
  ends.generator.stop();
  ends.generator = startGenerator(lab);
  await leave(seat);
}

/** Ends the contestant's process. */
export async function leave(seat: Seat): Promise<void> {
  const { running } = seat;
  seat.running = undefined;
  await running?.stop();
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
