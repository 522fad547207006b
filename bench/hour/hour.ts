import type { Status } from "../../src/index.ts";
import type { Lab } from "../lab/lab.ts";
import { sleep } from "../lab/sleep.ts";
import { isAtRest } from "../soak/readings.ts";
import type { Way } from "./config-file.ts";
import type { BackendReport, ClientsReport, Glance } from "./protocol.ts";
import { readRecords, type Records } from "./records.ts";
import { isRunning, type Scale, setStage, type Stage } from "./stage.ts";
import type { Ends, Step } from "./steps.ts";
import { BACKENDS } from "./backends.ts";
import { until } from "./until.ts";

/** How the hour goes. */
export interface HourPlan {
  readonly scale: Scale;
  /** From the first step to the last, in milliseconds; a step that takes long delays those behind it. */
  readonly time: number;
  /** Between two reloads that nothing but the plan asks for, in milliseconds. */
  readonly reloadEvery: number;
  readonly steps: readonly Step[];
}

/** A time in which tunnels may end. */
export interface Window {
  readonly step: string;
  readonly ends: Ends;
  /** Milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
}

/** What a step came to. */
export interface StepResult extends Pick<Glance, "codes" | "messages" | "slowest" | "pause"> {
  readonly name: string;
  /** See {@link Step.down}. */
  readonly down: readonly string[];
  /** When it began, and when all clients were back; milliseconds since the epoch. */
  readonly from: number;
  readonly to: number;
  /** Of all processes of fairlead, in bytes. */
  readonly memory: number;
}

/** Everything that the hour has seen. */
export interface Evidence {
  readonly plan: HourPlan;
  readonly results: readonly StepResult[];
  readonly windows: readonly Window[];
  /** Steps that did not do what they were to. */
  readonly failures: readonly string[];
  readonly clients: ClientsReport;
  readonly backends: readonly BackendReport[];
  readonly records: Records;
  /** By a backend's URL, its name. */
  readonly names: Readonly<Record<string, string>>;
  readonly reloads: Readonly<Record<Way, number>>;
  /** Before the clients left, and when they had. */
  readonly atEnd: Status;
  readonly after: Status;
  /** Of the first process of fairlead. */
  readonly exit: number | string;
  readonly processes: number;
}

/** Tunnels opened a second at the beginning. */
const PACE = 400;
/** In milliseconds: how long all clients may take to be back, and fairlead to end. */
const BACK_TIMEOUT = 60_000;
const END_TIMEOUT = 60_000;
const SEED = 1;
const LEAVING: Pick<Step, "name" | "ends"> = {
  name: "the clients leave",
  ends: { of: "any", causes: ["client-close"] },
};

/** Runs it from the first connection to the last, and gives what was seen. */
export async function hour(plan: HourPlan, lab: Lab, say: (line: string) => void): Promise<Evidence> {
  const stage = await setStage(lab, plan.scale);
  const { clients, doors, operator, fairlead, backends, file } = stage;
  const diary = new Diary(stage, say);
  await diary.note({ name: "all tunnels are open" }, async () => {
    const { tunnels: count, said: rate } = plan.scale;
    await clients.ask("start", { doors, count, pace: PACE, rate, seed: SEED });
  });
  await takeSteps(plan, stage, diary);
  const atEnd = await operator.status();
  await diary.note(LEAVING, () => clients.ask("finish", {}), 0);
  await until("nothing is open", lab.signal, async () => isAtRest(await operator.status(), { tunnels: 0 })).catch(
    () => undefined, // what is left is told by the status
  );
  const after = await operator.status();
  const exit = await end(stage);
  await backends.collectAll();
  const { results, windows, failures } = diary;
  return {
    plan,
    results,
    windows,
    failures,
    clients: await clients.ask("report", {}),
    backends: backends.reports,
    records: await readRecords(fairlead.log),
    names: Object.fromEntries(BACKENDS.map((name) => [backends.url(name), name])),
    reloads: file.reloads,
    atEnd,
    after,
    exit,
    processes: fairlead.pids.length,
  };
}

/** One after the other, each when it is due, while the file is reloaded all the time. */
async function takeSteps({ steps, time, reloadEvery }: HourPlan, stage: Stage, diary: Diary): Promise<void> {
  const began = performance.now();
  const done = new AbortController();
  const reloading = keepReloading(stage, reloadEvery, done.signal).catch((error: unknown) =>
    diary.failed("a reload", error),
  );
  try {
    for (const [at, step] of steps.entries()) {
      const due = began + (at * time) / steps.length - performance.now();
      if (due > 0) await sleep(due, stage.lab.signal);
      await diary.note(step, () => step.run(stage));
    }
  } finally {
    done.abort();
    await reloading;
  }
}

async function keepReloading({ file, lab }: Stage, every: number, done: AbortSignal): Promise<void> {
  for (;;) {
    await sleep(every, AbortSignal.any([lab.signal, done])).catch(() => undefined);
    if (done.aborted) return;
    lab.signal.throwIfAborted();
    await file.change(() => undefined);
  }
}

/** Asks fairlead to end, and waits until it has; gives the exit of its first process. */
async function end({ fairlead, lab }: Stage): Promise<number | string> {
  const pid = fairlead.pids.at(-1) ?? 0;
  process.kill(pid, "SIGTERM");
  await until("fairlead has ended", lab.signal, () => !isRunning(pid), END_TIMEOUT);
  return fairlead.exit;
}

/** Writes down what the steps come to. */
class Diary {
  readonly results: StepResult[] = [];
  readonly windows: Window[] = [];
  readonly failures: string[] = [];
  private readonly stage: Stage;
  private readonly say: (line: string) => void;
  private readonly began = Date.now();

  constructor(stage: Stage, say: (line: string) => void) {
    this.stage = stage;
    this.say = say;
  }

  /** Does something, waits until `back` clients have a tunnel, and tells what it came to. */
  async note(
    { name, ends, down = [] }: Pick<Step, "name" | "ends" | "down">,
    work: () => Promise<void>,
    back: number = this.stage.scale.tunnels,
  ): Promise<void> {
    const { clients, fairlead, lab } = this.stage;
    const from = Date.now();
    const glances: Glance[] = [];
    const areBack = async (): Promise<boolean> => {
      const glance = await clients.ask("glance", {});
      glances.push(glance);
      return glance.open === back;
    };
    try {
      await work();
      await until(`${back} clients have a tunnel`, lab.signal, areBack, BACK_TIMEOUT);
    } catch (error) {
      this.failed(name, error);
      await areBack();
    }
    const to = Date.now();
    if (ends !== undefined) this.windows.push({ step: name, ends, from, to });
    const seen = sumGlances(glances);
    const result: StepResult = { name, down, from, to, memory: fairlead.memory(), ...seen };
    this.results.push(result);
    this.say(lineOf(result, this.began));
  }

  failed(what: string, error: unknown): void {
    this.failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function sumGlances(glances: readonly Glance[]): Pick<Glance, "codes" | "messages" | "slowest" | "pause"> {
  const codes: Record<string, number> = {};
  for (const glance of glances)
    for (const [code, count] of Object.entries(glance.codes)) codes[code] = (codes[code] ?? 0) + count;
  return {
    codes,
    messages: glances.reduce((sum, { messages }) => sum + messages, 0),
    slowest: Math.max(0, ...glances.map(({ slowest }) => slowest)),
    pause: Math.max(0, ...glances.map(({ pause }) => pause)),
  };
}

const MIB = 1024 * 1024;

function lineOf({ name, from, to, codes, messages, slowest, pause, memory }: StepResult, began: number): string {
  const ended = Object.entries(codes).map(([code, count]) => `${count} ended with ${code}`);
  const facts = [
    ...ended,
    `${messages} messages`,
    `slowest ${slowest} ms`,
    ...(pause > 0 ? [`longest pause ${pause} ms`] : []),
    `${(memory / MIB).toFixed(0)} MiB`,
  ];
  const seconds = ((from - began) / 1000).toFixed(1).padStart(6);
  return `${seconds} s  ${name} (${((to - from) / 1000).toFixed(1)} s): ${facts.join(", ")}`;
}
