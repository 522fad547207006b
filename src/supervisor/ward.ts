import { detachedEntry } from "../base/index.ts";
import type { Clock, Milliseconds, Wheel } from "../base/index.ts";
import type { PoolConfig } from "../config/index.ts";
import {
  eject,
  ejectionsLeft,
  endEjection,
  findOutliers,
  panics,
  relieve,
  takesNewWork,
  WINDOW_PARTS,
} from "../health/index.ts";
import type { VitalSigns } from "../health/index.ts";

import type { Patient } from "./patient.ts";

/** What a ward needs of its instance. */
export interface WardWorld {
  readonly clock: Clock;
  readonly wheel: Wheel;
  /** From now on all of its backends are tried, or only those that are well again. */
  readonly panicked: (ward: Ward) => void;
}

/** The backends of one pool, as far as their health depends on that of the others. */
export class Ward {
  config: PoolConfig;
  /** By name, in the order of the configuration. */
  patients: ReadonlyMap<string, Patient> = new Map();
  /** Whether so few are well that all are tried. */
  panics = false;

  private readonly world: WardWorld;
  private readonly timer = detachedEntry(() => this.look());

  constructor(config: PoolConfig, world: WardWorld) {
    this.config = config;
    this.world = world;
  }

  /** Goes by another configuration, and by these backends, from now on. */
  update(config: PoolConfig, patients: ReadonlyMap<string, Patient>): void {
    this.config = config;
    this.patients = patients;
    const { wheel } = this.world;
    wheel.remove(this.timer);
    if (config.health.outliers !== "off") wheel.add(this.timer, this.interval());
    this.settle();
  }

  leave(): void {
    this.world.wheel.remove(this.timer);
  }

  /** Takes what a worker has seen of a backend. */
  takeVitals(backend: string, signs: VitalSigns): void {
    const { outliers, failureWindow } = this.config.health;
    if (outliers === "off") return;
    this.patients.get(backend)?.vitals.take(signs, this.world.clock.now(), outliers.window, failureWindow);
  }

  /** Somebody's health has changed: sees to what that means for the others. */
  settle(): void {
    const members = this.members();
    const now = this.world.clock.now();
    if (!members.some(({ state }) => takesNewWork(state))) {
      for (const patient of members) patient.take(relieve(patient.state, now, this.config.health));
    }
    this.endSurplus(now);
    const well = members.filter(({ state }) => takesNewWork(state)).length;
    const before = this.panics;
    this.panics = panics(members.length, well, this.config.health);
    if (this.panics !== before) this.world.panicked(this);
  }

  /** Those that are to take work; who is drained is out for another reason. */
  private members(): Patient[] {
    return [...this.patients.values()].filter(({ backend }) => backend.state === "active");
  }

  /** Ejects who stands out, the worst first, as far as so many may be out. */
  private look(): Milliseconds {
    const { health } = this.config;
    const { outliers } = health;
    if (outliers === "off") return 0;
    const now = this.world.clock.now();
    const members = this.members();
    const well = members.filter(({ state }) => takesNewWork(state));
    const sums = new Map(well.map(({ backend, vitals }) => [backend.name, vitals.sum(now, outliers.window)]));
    const left = ejectionsLeft(members.length, members.length - well.length, outliers);
    for (const { backend, reason } of findOutliers(sums, outliers).slice(0, left)) {
      const patient = this.patients.get(backend);
      if (patient === undefined) continue;
      patient.take(eject(patient.state, reason, now, health, outliers));
    }
    return this.interval();
  }

  /** There are fewer backends than there were, or fewer may be ejected. */
  private endSurplus(now: Milliseconds): void {
    const { outliers } = this.config.health;
    if (outliers === "off") return;
    const members = this.members();
    const ejected = members
      .filter(({ state }) => state.status === "ejected")
      .toSorted((one, other) => one.state.probeAt - other.state.probeAt);
    const surplus = ejected.length - ejectionsLeft(members.length, 0, outliers);
    for (const patient of ejected.slice(0, Math.max(0, surplus))) {
      patient.take(endEjection(patient.state, now, "ejected, but too many of its pool are"));
    }
  }

  private interval(): Milliseconds {
    const { outliers } = this.config.health;
    return outliers === "off" ? 0 : outliers.window / WINDOW_PARTS;
  }
}
