import { Tournament } from "./tournament.ts";
import type { PoolView } from "./view.ts";

/**
 * What is known of a pool's backends, as its owner changes it: the only view there is. A change of load is hot; weights
 * and eligibility change seldom.
 */
export class PoolState implements PoolView {
  readonly size: number;
  readonly names: readonly string[];
  stale = false;
  revision = 0;
  eligibleWeight = 0;
  eligibleLoad = 0;
  greatestWeight = 0;
  /** Activity that a tunnel has in the mean, by which new ones are judged until they are measured. */
  activityPerTunnel = 0;

  private readonly eligible: Uint8Array;
  private readonly weights: Float64Array;
  private readonly loads: Int32Array;
  private readonly activities: Float64Array;
  /** What the loads were when activities were measured. */
  private readonly measuredLoads: Int32Array;
  private readonly latencies: Float64Array;
  private readonly strains: Float64Array;
  /** Relative loads of the eligible. Most algorithms never ask for the least, so it is not kept before somebody does. */
  private ranking: Tournament | undefined;

  /**
   * All are eligible and idle.
   *
   * @param names identity of each backend
   * @param weights one for each name, above 0
   */
  constructor(names: readonly string[], weights: readonly number[]) {
    this.size = names.length;
    this.names = names;
    this.eligible = new Uint8Array(this.size).fill(1);
    this.weights = Float64Array.from(weights);
    this.loads = new Int32Array(this.size);
    this.activities = new Float64Array(this.size);
    this.measuredLoads = new Int32Array(this.size);
    this.latencies = new Float64Array(this.size);
    this.strains = new Float64Array(this.size).fill(1);
    this.sumUp();
  }

  isEligible(index: number): boolean {
    return this.eligible[index] === 1;
  }

  weight(index: number): number {
    return this.weights[index] ?? 1;
  }

  load(index: number): number {
    return this.loads[index] ?? 0;
  }

  activity(index: number): number {
    const measured = this.activities[index] ?? 0;
    const before = this.measuredLoads[index] ?? 0;
    const load = this.load(index);
    // Worked out when it is asked for, so that opening and closing tunnels costs nobody anything.
    return load < before ? (measured * load) / before : measured + (load - before) * this.activityPerTunnel;
  }

  latency(index: number): number {
    return this.latencies[index] ?? 0;
  }

  strain(index: number): number {
    return this.strains[index] ?? 1;
  }

  /** Takes over what a backend's tunnels have been measured to carry when there were `load` of them. */
  setActivity(index: number, activity: number, load: number): void {
    this.activities[index] = activity;
    this.measuredLoads[index] = load;
  }

  setLatency(index: number, latency: number): void {
    this.latencies[index] = latency;
  }

  setStrain(index: number, strain: number): void {
    this.strains[index] = strain;
  }

  setEligible(index: number, eligible: boolean): void {
    this.eligible[index] = eligible ? 1 : 0;
    this.hasChanged(index);
  }

  setWeight(index: number, weight: number): void {
    this.weights[index] = weight;
    this.hasChanged(index);
  }

  setLoad(index: number, load: number): void {
    if (this.eligible[index] === 1) this.eligibleLoad += load - this.load(index);
    this.loads[index] = load;
    this.ranking?.set(index, this.rank(index));
  }

  leastLoaded(from: number, tried: readonly number[]): number {
    const ranking = this.ranking ?? this.makeRanking();
    if (tried.length === 0) return ranking.winner(from);
    for (const index of tried) ranking.set(index, Number.POSITIVE_INFINITY);
    const found = ranking.winner(from);
    for (const index of tried) ranking.set(index, this.rank(index));
    return found;
  }

  private rank(index: number): number {
    return this.eligible[index] === 1 ? this.load(index) / this.weight(index) : Number.POSITIVE_INFINITY;
  }

  private makeRanking(): Tournament {
    const ranking = new Tournament(this.size);
    for (let index = 0; index < this.size; index += 1) ranking.set(index, this.rank(index));
    this.ranking = ranking;
    return ranking;
  }

  private hasChanged(index: number): void {
    this.revision += 1;
    this.sumUp();
    this.ranking?.set(index, this.rank(index));
  }

  /** Anew each time, since differences of weights would not add up to what is there. */
  private sumUp(): void {
    this.eligibleWeight = 0;
    this.eligibleLoad = 0;
    this.greatestWeight = 0;
    for (let index = 0; index < this.size; index += 1) {
      const weight = this.weight(index);
      if (weight > this.greatestWeight) this.greatestWeight = weight;
      if (this.eligible[index] !== 1) continue;
      this.eligibleWeight += weight;
      this.eligibleLoad += this.load(index);
    }
  }
}
