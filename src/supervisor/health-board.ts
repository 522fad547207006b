import type { Clock, Logger, Random, Wheel } from "../base/index.ts";
import type { PoolConfig } from "../config/index.ts";
import { reasonOf, takesNewWork } from "../health/index.ts";
import type { HealthSignal, HealthState } from "../health/index.ts";
import type { TellEvent } from "../operations/index.ts";
import type { probe } from "../probes/index.ts";

import type { BackendVitals, HealthNotice } from "./messages.ts";
import { Patient } from "./patient.ts";
import type { PatientWorld } from "./patient.ts";
import { Ward } from "./ward.ts";
import type { Finding } from "./ward.ts";

/** What the board needs of its instance. */
export interface HealthWorld {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly wheel: Wheel;
  /** Asks a backend whether it is well. */
  readonly probe: typeof probe;
  /** Told when workers have to treat a backend differently. */
  readonly onNotice: (notice: HealthNotice) => void;
  readonly tell: TellEvent;
  /** Told how loaded a backend says that it is, 0 to 1, in its answer to a probe. */
  readonly onReportedLoad?: PatientWorld["reportedLoad"];
}

/**
 * The one truth about backends' health: hears what all workers see, probes, ejects who does worse than the others, and
 * tells everybody of changes.
 */
export class HealthBoard {
  private readonly world: HealthWorld;
  private readonly patientWorld: PatientWorld;
  /** By the pool's name. */
  private wards: ReadonlyMap<string, Ward> = new Map();
  private isStopped = false;

  constructor(pools: readonly PoolConfig[], world: HealthWorld) {
    this.world = world;
    this.patientWorld = {
      ...world,
      changed: (patient, before) => this.changed(patient, before),
      reportedLoad: (...report) => world.onReportedLoad?.(...report),
    };
    this.update(pools);
  }

  /** Goes by other pools from now on. What is known of a backend stays with its name. */
  update(pools: readonly PoolConfig[]): void {
    if (this.isStopped) return;
    const before = this.wards;
    this.wards = new Map(pools.map((pool) => [pool.name, before.get(pool.name) ?? this.newWard(pool)]));
    for (const [name, ward] of before) if (this.wards.get(name) !== ward) dissolve(ward);
    for (const pool of pools) this.staff(pool);
  }

  /** Something was seen of a backend. What is still told of one that has been removed does not matter any more. */
  observe(pool: string, backend: string, signal: HealthSignal): void {
    this.patient(pool, backend)?.observe(signal);
  }

  /** A worker tells what it has lately seen. */
  takeVitals(vitals: readonly BackendVitals[]): void {
    for (const [pool, backend, signs] of vitals) this.wards.get(pool)?.takeVitals(backend, signs);
  }

  /** Undefined for one that is not in the pool. */
  stateOf(pool: string, backend: string): HealthState | undefined {
    return this.patient(pool, backend)?.state;
  }

  /** Whether a backend is well enough for new work. */
  isHealthy(pool: string, backend: string): boolean {
    const state = this.stateOf(pool, backend);
    return state !== undefined && takesNewWork(state);
  }

  /** Whether so few of a pool's backends are well that all are tried. */
  panics(pool: string): boolean {
    return this.wards.get(pool)?.panics === true;
  }

  /** How many are well of a pool all of whose backends are tried, and since when; undefined while that is not so. */
  panicOf(pool: string): Finding | undefined {
    return this.wards.get(pool)?.panicking;
  }

  /** Why a backend would be ejected if not so many were out; undefined where that is not so. */
  sparedFor(pool: string, backend: string): Finding | undefined {
    return this.wards.get(pool)?.sparedFor(backend);
  }

  /**
   * Goes on from what the process before knew of backends; of those of which this one has learnt something, by that.
   *
   * @param states by this process's clock
   */
  inherit(states: readonly (readonly [pool: string, backend: string, state: HealthState])[]): void {
    const heirs = states.flatMap(([pool, backend, state]) => {
      const patient = this.patient(pool, backend);
      return patient?.inherit(state) === true ? [patient] : [];
    });
    for (const patient of heirs) {
      this.world.onNotice(this.noticeOf(patient));
      if (patient.state.status !== "healthy") this.logInherited(patient);
    }
    for (const name of new Set(heirs.map(({ pool }) => pool.name))) this.wards.get(name)?.settle();
  }

  /** What a new worker has to know. */
  notices(): HealthNotice[] {
    return [...this.wards.values()].flatMap((ward) => [...ward.patients.values()].map((one) => this.noticeOf(one)));
  }

  /** Probes nobody any more; probes under way are given up. */
  stop(): void {
    this.isStopped = true;
    for (const ward of this.wards.values()) dissolve(ward);
  }

  private patient(pool: string, backend: string): Patient | undefined {
    return this.wards.get(pool)?.patients.get(backend);
  }

  private newWard(pool: PoolConfig): Ward {
    return new Ward(pool, { ...this.world, panicked: (ward) => this.panicked(ward) });
  }

  /** Puts those into a pool's ward that it is configured with. */
  private staff(pool: PoolConfig): void {
    const ward = this.wards.get(pool.name);
    if (ward === undefined) return;
    const before = ward.patients;
    const patients = new Map(
      pool.backends.map((backend) => [
        backend.name,
        before.get(backend.name) ?? new Patient(pool, backend, this.patientWorld),
      ]),
    );
    for (const [name, patient] of before) if (patients.get(name) !== patient) patient.leave();
    for (const backend of pool.backends) patients.get(backend.name)?.regard(pool, backend);
    ward.update(pool, patients);
  }

  private changed(patient: Patient, before: HealthState): void {
    const { state } = patient;
    const was = this.noticeOf(patient, before);
    const notice = this.noticeOf(patient);
    if (was.healthy !== notice.healthy || was.watched !== notice.watched) this.world.onNotice(notice);
    if (state.status === before.status) return;
    this.log(patient, before);
    this.wards.get(patient.pool.name)?.settle();
  }

  private panicked(ward: Ward): void {
    const { logger, tell } = this.world;
    const { name: pool } = ward.config;
    if (ward.panics) {
      logger.warn({ pool }, "too few backends are well: all are tried");
      tell("pool-panics", `so few backends of ${pool} are well that all are tried`, { pool });
    } else {
      logger.info({ pool }, "enough backends are well: the others are not tried any more");
      tell("pool-calm", `enough backends of ${pool} are well again`, { pool });
    }
    for (const patient of ward.patients.values()) this.world.onNotice(this.noticeOf(patient));
  }

  private log({ pool, backend, state }: Patient, before: HealthState): void {
    const { clock, logger, tell } = this.world;
    const reason = reasonOf(state, clock.now());
    const fields = { pool: pool.name, backend: backend.name, health: state.status, reason };
    const subject = `${backend.name} of pool ${pool.name}`;
    if (state.status === "ejected") {
      logger.warn(fields, "backend is ejected");
      tell("backend-ejected", `${subject} is ejected: ${reason}`, fields);
    } else if (state.status === "unhealthy" && before.status === "probing") {
      logger.debug(fields, "backend is still unhealthy");
    } else if (state.status === "unhealthy") {
      logger.warn(fields, "backend is unhealthy");
      tell("backend-unhealthy", `${subject} is unhealthy: ${reason}`, fields);
    } else if (state.status === "healthy") {
      logger.info(fields, "backend is healthy again");
      tell("backend-healthy", `${subject} is healthy again: ${reason}`, fields);
    } else logger.debug(fields, "backend is probed");
  }

  private logInherited({ pool, backend, state }: Patient): void {
    const { clock, logger } = this.world;
    const fields = { pool: pool.name, backend: backend.name, health: state.status };
    logger.info({ ...fields, reason: reasonOf(state, clock.now()) }, "backend is as the instance before knew it");
  }

  private noticeOf({ pool, backend, state: now }: Patient, state: HealthState = now): HealthNotice {
    const healthy = takesNewWork(state);
    const watched = healthy && (state.failures > 0 || pool.health.failureRate !== "off");
    return { pool: pool.name, backend: backend.name, healthy, panic: this.panics(pool.name), watched };
  }
}

function dissolve(ward: Ward): void {
  ward.leave();
  for (const patient of ward.patients.values()) patient.leave();
}
