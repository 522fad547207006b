/**
 * What balancing and affinity may look at when they choose a backend.
 *
 * Arrays are indexed by backend and at least `size` long. One view lives as long as a pool's membership; its contents
 * change in place, so reading it costs nothing and nothing may keep a copy.
 */
export interface PoolView {
  /** Number of backends. */
  readonly size: number;
  /** Identity of each backend (its normalised URL); what hashing is computed from. */
  readonly names: readonly string[];
  /** 1 where the backend may take new work: healthy, not draining, with room; else 0. */
  readonly eligible: Uint8Array;
  /** Weight of each backend, above 0; 1 is normal. */
  readonly weight: Float64Array;
  /** Open tunnels and requests in flight of each backend, over all workers. */
  readonly load: Int32Array;
  /** True while `load` may lag behind picks that other workers have just made. */
  readonly stale: boolean;
}

/**
 * Whether backend `index` can be chosen: it takes new work and has not already failed for this connection.
 *
 * @param tried indices that failed for this connection; a handful at most
 */
export function isCandidate(view: PoolView, index: number, tried: readonly number[]): boolean {
  return view.eligible[index] === 1 && (tried.length === 0 || !tried.includes(index));
}
