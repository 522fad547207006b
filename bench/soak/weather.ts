import { type Actor, startActor } from "../lab/actors.ts";
import type { Lab } from "../lab/lab.ts";
import { freePort } from "../lab/ports.ts";
import { sleep } from "../lab/sleep.ts";
import type { SoakBackendCalls } from "./protocol.ts";

/** Something that was done to a backend, from then to then, in milliseconds since the epoch. */
export interface Disturbance {
  readonly backend: string;
  readonly what: "killed" | "frozen for long" | "frozen for a moment";
  readonly from: number;
  to: number;
}

/** A backend, whose process may change. */
export interface Station {
  readonly name: string;
  readonly port: number;
  process: Actor<SoakBackendCalls>;
}

/** Time between two things that happen, and how long they last, in milliseconds. */
const BETWEEN = 2_500;
const DOWN = 1_500;
/** Shorter than any timeout: nothing may be lost. */
const MOMENT = 1_500;
/** Longer than an interval of the heartbeat and its timeout: every tunnel is lost. */
const LONG = 11_000;

/** Starts a backend, on a port that it keeps. */
export async function startStation(lab: Lab, name: string): Promise<Station> {
  const station = { name, port: await freePort(), process: startActor<SoakBackendCalls>(lab, "soak/backend.ts") };
  await station.process.ask("listen", { name, port: station.port });
  return station;
}

/** What happens to backends while a load runs: one is killed and started anew, another one frozen and continued. */
export class Weather {
  readonly disturbances: Disturbance[] = [];

  private readonly lab: Lab;
  private readonly killed: Station;
  private readonly frozen: Station;
  private turn = 0;

  constructor(lab: Lab, killed: Station, frozen: Station) {
    this.lab = lab;
    this.killed = killed;
    this.frozen = frozen;
  }

  /** One thing after the other until it is stopped; then all backends are up. */
  async rage(stop: AbortSignal): Promise<void> {
    const events = [() => this.kill(), () => this.freeze("frozen for a moment", MOMENT), () => this.both()];
    while (!stop.aborted) {
      await sleep(BETWEEN, this.lab.signal);
      if (stop.aborted) return;
      await events[this.turn % events.length]?.();
      this.turn += 1;
    }
  }

  private async both(): Promise<void> {
    await Promise.all([this.freeze("frozen for long", LONG), this.kill()]);
  }

  private async kill(): Promise<void> {
    const { name, port } = this.killed;
    const disturbance = this.begin(name, "killed");
    this.killed.process.stop();
    await sleep(DOWN, this.lab.signal);
    this.killed.process = startActor<SoakBackendCalls>(this.lab, "soak/backend.ts");
    await this.killed.process.ask("listen", { name, port });
    disturbance.to = Date.now();
  }

  private async freeze(what: Disturbance["what"], time: number): Promise<void> {
    const { name, process: frozen } = this.frozen;
    const disturbance = this.begin(name, what);
    process.kill(frozen.pid, "SIGSTOP");
    await sleep(time, this.lab.signal);
    process.kill(frozen.pid, "SIGCONT");
    disturbance.to = Date.now();
  }

  private begin(backend: string, what: Disturbance["what"]): Disturbance {
    const disturbance = { backend, what, from: Date.now(), to: Number.POSITIVE_INFINITY };
    this.disturbances.push(disturbance);
    return disturbance;
  }
}
