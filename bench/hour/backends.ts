import { type Actor, startActor } from "../lab/actors.ts";
import type { Lab } from "../lab/lab.ts";
import { freePort } from "../lab/ports.ts";
import type { BackendReport, Fault, HourBackendCalls } from "./protocol.ts";

/** Those that there are. Three are in the configuration from the beginning. */
export const BACKENDS = ["one", "two", "three", "four", "five"] as const;
export type BackendName = (typeof BACKENDS)[number];

interface Station {
  readonly port: number;
  process: Actor<HourBackendCalls>;
}

/** The backends' processes, each with a port that it keeps. */
export class Backends {
  /** What they have told of tunnels that were over. */
  readonly reports: BackendReport[] = [];
  private readonly lab: Lab;
  private readonly rate: number;
  private readonly dead = new Set<BackendName>();
  private readonly stations = new Map<BackendName, Station>();

  /** @param rate messages a second that each tunnel is told besides its echoes */
  constructor(lab: Lab, rate: number) {
    this.lab = lab;
    this.rate = rate;
  }

  async start(): Promise<void> {
    for (const name of BACKENDS)
      this.stations.set(name, { port: await freePort(), process: startActor(this.lab, "hour/backend.ts") });
    await Promise.all(BACKENDS.map((name) => this.listen(name)));
  }

  /** As fairlead calls it. */
  url(name: BackendName): string {
    return `ws://127.0.0.1:${this.station(name).port}`;
  }

  /** With SIGKILL: what it knows of the tunnels that it has now is lost. */
  async kill(name: BackendName): Promise<void> {
    await this.collect(name);
    this.station(name).process.stop();
    this.dead.add(name);
  }

  async bringBack(name: BackendName): Promise<void> {
    this.station(name).process = startActor(this.lab, "hour/backend.ts");
    await this.listen(name);
    this.dead.delete(name);
  }

  async fault(name: BackendName, fault: Fault): Promise<void> {
    await this.station(name).process.ask("fault", { fault });
  }

  async collectAll(): Promise<void> {
    await Promise.all(BACKENDS.filter((name) => !this.dead.has(name)).map((name) => this.collect(name)));
  }

  private async collect(name: BackendName): Promise<void> {
    this.reports.push(await this.station(name).process.ask("report", {}));
  }

  private async listen(name: BackendName): Promise<void> {
    const { port, process } = this.station(name);
    await process.ask("listen", { name, port, rate: this.rate });
  }

  private station(name: BackendName): Station {
    const station = this.stations.get(name);
    if (station === undefined) throw new Error(`the backend ${name} has not been started`);
    return station;
  }
}
