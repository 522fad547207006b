import type { PoolView } from "../base/index.ts";
import type { RequestFacts } from "../http/index.ts";

/** One pool's way of bringing a client back to the backend that it had before. Keeps nothing about clients. */
export interface Affinity {
  /**
   * The backend that this client should have.
   *
   * @param tried indices that already failed for this connection
   * @returns index of a candidate, or -1 for no preference: then the balancing algorithm decides
   */
  prefer(view: PoolView, facts: RequestFacts, tried: readonly number[]): number;
  /**
   * The value of the Set-Cookie header that the answer needs when backend `index` has been chosen; undefined when none
   * is needed, as the request already carries what it would say.
   */
  cookieFor(index: number, facts: RequestFacts): string | undefined;
}

/** What an affinity is computed from. Instances in which all of it is equal agree without talking. */
export interface AffinityPool {
  /** Name of the pool. */
  readonly pool: string;
  /** Names of its backends, in the order of the view's indices. A changed membership needs a new affinity. */
  readonly names: readonly string[];
  /** Key of the cookies; whoever knows it can choose a backend. */
  readonly secret: string;
}
