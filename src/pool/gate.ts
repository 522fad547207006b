import { Lease, TokenBucket } from "../admission/index.ts";
import type { Allowed, BucketTerms } from "../admission/index.ts";
import type { Milliseconds } from "../base/index.ts";
import type { AdmissionOptions, BackendConfig, PoolConfig } from "../config/index.ts";

/** What a worker may let through to one backend: so many at a time, and so many tunnels a second. */
export class Gate {
  /** This worker's part of the backend's hard limit. */
  lease = new Lease("off");
  private bucket: TokenBucket | undefined;

  /**
   * The backend has just come into the pool.
   *
   * @param limit what its lease begins with, as the supervisor's book does
   */
  begin(limit: Allowed): void {
    this.lease = new Lease(limit);
  }

  /**
   * Goes by these options from now on; tokens that are there stay.
   *
   * @param workers how many share the rate
   */
  pace(options: AdmissionOptions, workers: number, now: Milliseconds): void {
    const terms = shareOfRate(options, workers);
    if (terms === undefined) this.bucket = undefined;
    else if (this.bucket === undefined) this.bucket = new TokenBucket(terms, now);
    else this.bucket.change(terms, now);
  }

  /** Whether one more fits beside the `own` that there are. */
  hasRoom(own: number): boolean {
    return this.lease.hasRoom(own);
  }

  /** Whether a tunnel may be opened by the rate. */
  hasToken(now: Milliseconds): boolean {
    return this.readyAt(now) <= now;
  }

  /** When the rate lets the next tunnel through: `now` or later. */
  readyAt(now: Milliseconds): Milliseconds {
    return this.bucket === undefined ? now : this.bucket.readyAt(now);
  }

  /** A tunnel is opened. */
  takeToken(now: Milliseconds): void {
    this.bucket?.take(now);
  }
}

/** Most tunnels and requests that a backend has at a time, over all workers. */
export function limitOf({ admission }: Pick<PoolConfig, "admission">, { maxConnections }: BackendConfig): Allowed {
  return maxConnections ?? admission.maxConnections;
}

/** One worker's part: workers get as many clients as each other, so none needs more. Each can let one through at a time. */
function shareOfRate({ rate, burst }: AdmissionOptions, workers: number): BucketTerms | undefined {
  return rate === "off" ? undefined : { rate: rate / workers, burst: Math.max(1, Math.floor(burst / workers)) };
}
