/**
 * What balancing and affinity may look at when they choose a backend. Backends go by their index. One view lives as long
 * as a pool's membership; its contents change in place.
 */
export interface PoolView {
  /** Number of backends. */
  readonly size: number;
  /** Identity of each backend (its normalised URL); what hashing is computed from. */
  readonly names: readonly string[];
  /** True while loads may lag behind picks that other workers have just made. */
  readonly stale: boolean;
  /** Another number after every change of a weight or of who is eligible, for whoever keeps what follows from them. */
  readonly revision: number;
  /** Sum of the weights of all that are eligible; 0 exactly when nobody is. */
  readonly eligibleWeight: number;
  /** Sum of their loads. */
  readonly eligibleLoad: number;
  /** Greatest weight of all, eligible or not. */
  readonly greatestWeight: number;
  /** Whether a backend may take new work: healthy, not draining, with room. */
  isEligible(index: number): boolean;
  /** Weight of a backend, above 0; 1 is normal. */
  weight(index: number): number;
  /** Open tunnels and requests in flight of a backend, over all workers. */
  load(index: number): number;
  /**
   * What a backend's tunnels carry, over all workers: as it was last measured, with the pool's mean for each tunnel that
   * has come since, and less in proportion for those that have gone. What it counts is its measurer's to say; 0 where
   * nobody measures.
   */
  activity(index: number): number;
  /** How long clients wait for a backend, in milliseconds; the pool's median where it is not known, 0 where nobody measures. */
  latency(index: number): number;
  /** What a backend says of its own load, as a factor of what is known of it: 1 when it says nothing. */
  strain(index: number): number;
  /**
   * The candidate with the lowest load for its weight. Of equal ones the first from index `from` on, behind the last
   * the first again.
   *
   * @returns index of a backend, or -1 when there is no candidate
   */
  leastLoaded(from: number, tried: readonly number[]): number;
}

/**
 * Whether backend `index` can be chosen: it takes new work and has not already failed for this connection.
 *
 * @param tried indices that failed for this connection; a handful at most
 */
export function isCandidate(view: PoolView, index: number, tried: readonly number[]): boolean {
  return view.isEligible(index) && (tried.length === 0 || !tried.includes(index));
}

/** Load of a backend for its weight: what "least loaded" compares. */
export function relativeLoad(view: PoolView, index: number): number {
  return view.load(index) / view.weight(index);
}
