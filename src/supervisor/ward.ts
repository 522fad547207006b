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
import type { Outlier, VitalSigns } from "../health/index.ts";

import type { Patient } from "./patient.ts";

/** Something that is so, and since when in monotonic time. */
export interface Finding {
  readonly reason: string;
  readonly since: Milliseconds;
}

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
  /** That so few are well that all are tried; undefined while it is not so. */
  panicking: Finding | undefined;

  /** Why those stand out who are not ejected only because so many are out, by name. */
  private spared: ReadonlyMap<string, Finding> = new Map();
  private readonly world: WardWorld;
  private readonly timer = detachedEntry(() => this.look());
  /** Time between two looks for outliers; 0: nobody looks. */
  private every: Milliseconds = 0;

  constructor(config: PoolConfig, world: WardWorld) {
    this.config = config;
    this.world = world;
  }

  /** Whether so few are well that all are tried. */
  get panics(): boolean {
    return this.panicking !== undefined;
  }

  /** Why a backend would be ejected if not so many were out; undefined where that is not so. */
  sparedFor(backend: string): Finding | undefined {
    return this.patients.get(backend)?.state.status === "healthy" ? this.spared.get(backend) : undefined;
  }

  /** Goes by another configuration, and by these backends, from now on. */
  update(config: PoolConfig, patients: ReadonlyMap<string, Patient>): void {
    this.config = config;
    this.patients = patients;
    this.lookEvery(this.interval());
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
    if (!members.some(({ state }) => takesNewWork(state))) this.letBack(members, now);
    this.endSurplus(now);
    const well = members.filter(({ state }) => takesNewWork(state)).length;
    for (const patient of this.patients.values()) patient.need(well === 0 && members.includes(patient));
    const before = this.panics;
    const reason = `${well} of ${members.length} backends are well`;
    this.panicking = panics(members.length, well, this.config.health)
      ? { reason, since: this.panicking?.since ?? now }
      : undefined;
    if (this.panics !== before) this.world.panicked(this);
  }

  /** Those that are to take work; who is drained is out for another reason. */
  private members(): Patient[] {
    return [...this.patients.values()].filter(({ backend }) => backend.state === "active");
  }

  /** Nobody is well: one ejection ends, and then somebody is. Where nobody is ejected all are tried soon. */
  private letBack(members: readonly Patient[], now: Milliseconds): void {
    const [first] = ejectedOf(members);
    if (first !== undefined) first.take(endEjection(first.state, now, "ejected, but nobody else of its pool is well"));
    else for (const patient of members) patient.take(relieve(patient.state, now, this.config.health));
  }

  /** A look that is due as before stays due: who reloads often does not put it off. */
  private lookEvery(interval: Milliseconds): void {
    if (interval === this.every) return;
    this.every = interval;
    const { wheel } = this.world;
    wheel.remove(this.timer);
    if (interval > 0) wheel.add(this.timer, interval);
    else this.spared = new Map();
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
    const found = findOutliers(sums, outliers);
    this.spare(found.slice(left), now);
    for (const { backend, reason } of found.slice(0, left)) {
      const patient = this.patients.get(backend);
      if (patient === undefined) continue;
      patient.take(eject(patient.state, reason, now, health, outliers));
    }
    return this.interval();
  }

  /** Those stay, and it is told that they stand out. */
  private spare(outliers: readonly Outlier[], now: Milliseconds): void {
    const before = this.spared;
    this.spared = new Map(
      outliers.map(({ backend, reason }) => [backend, { reason, since: before.get(backend)?.since ?? now }]),
    );
  }

  /** There are fewer backends than there were, or fewer may be ejected. */
  private endSurplus(now: Milliseconds): void {
    const { outliers } = this.config.health;
    if (outliers === "off") return;
    const members = this.members();
    const ejected = ejectedOf(members);
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

/** Those that are ejected; who would be back first goes first. */
function ejectedOf(patients: readonly Patient[]): Patient[] {
  return patients
    .filter(({ state }) => state.status === "ejected")
    .toSorted((one, other) => one.state.probeAt - other.state.probeAt);
}
