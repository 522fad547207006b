import type { Milliseconds } from "../base/index.ts";
import { Sketch } from "./sketch.ts";
import type { Bucket } from "./sketch.ts";

/** What one worker has seen of one backend since it last told. */
export interface VitalSigns {
  /** Handshakes and plain requests that were tried, and tunnels that ended well. */
  readonly attempts: number;
  /** Of the attempts, those that failed. */
  readonly failures: number;
  /** Tunnels that were lost: they ended without a Close, or did not answer a heartbeat. */
  readonly lost: number;
  /** Tunnels that were open before that. */
  readonly open: number;
  /** Tunnels that were opened since. */
  readonly opened: number;
  /** Time that tunnels were open, all together. */
  readonly tunnelMs: Milliseconds;
  /** Times to the answers of handshakes. */
  readonly handshakes: readonly Bucket[];
  /** Round-trip times of heartbeats. */
  readonly rtts: readonly Bucket[];
}

/** What has been seen of one backend within a window, over all workers. */
export interface VitalsSum {
  /** Attempts, and the minutes that tunnels were open: each is one chance to fail. */
  readonly samples: number;
  /** Failed attempts and lost tunnels, as a share of the samples; at most 1. */
  readonly failureShare: number;
  readonly handshakes: Sketch;
  readonly rtts: Sketch;
}

/** A window is kept in so many parts, so that it slides. */
export const WINDOW_PARTS = 6;
/** At least this share of the tunnels that a worker had, lost between two reports, is a mass loss, which has one cause. */
const MASS_LOSS_SHARE = 0.5;
/** A mass loss may reach into the next report of a worker, and workers do not report in step. */
const MASS_LOSS_SPREAD_MS: Milliseconds = 2_000;
const MINUTE_MS: Milliseconds = 60_000;

interface Part {
  readonly begun: Milliseconds;
  attempts: number;
  failures: number;
  tunnelMs: Milliseconds;
  readonly handshakes: Sketch;
  readonly rtts: Sketch;
}

/** What has lately been seen of one backend. */
export class VitalsWindow {
  private parts: Part[] = [];
  private massLossAt = Number.NEGATIVE_INFINITY;

  /**
   * Takes what a worker tells.
   *
   * @param failureWindow mass losses within this time are one; see {@link VitalSigns.lost}
   */
  take(signs: VitalSigns, now: Milliseconds, window: Milliseconds, failureWindow: Milliseconds): void {
    const part = this.partAt(now, window);
    part.attempts += signs.attempts;
    part.failures += signs.failures + this.lossesIn(signs, now, failureWindow);
    part.tunnelMs += signs.tunnelMs;
    part.handshakes.merge(signs.handshakes);
    part.rtts.merge(signs.rtts);
  }

  /** All of the window that ends now; what is older is forgotten. */
  sum(now: Milliseconds, window: Milliseconds): VitalsSum {
    this.parts = this.partsSince(now - window);
    const handshakes = new Sketch();
    const rtts = new Sketch();
    let [attempts, failures, tunnelMs] = [0, 0, 0];
    for (const part of this.parts) {
      attempts += part.attempts;
      failures += part.failures;
      tunnelMs += part.tunnelMs;
      handshakes.merge(part.handshakes.buckets());
      rtts.merge(part.rtts.buckets());
    }
    const samples = attempts + tunnelMs / MINUTE_MS;
    return { samples, failureShare: samples === 0 ? 0 : Math.min(1, failures / samples), handshakes, rtts };
  }

  /** Begins anew. */
  clear(): void {
    this.parts = [];
  }

  /**
   * Tunnels that are lost one by one count each; those that are lost together have one cause. A tunnel that is lost right
   * after it was opened is a failure of its own: a backend that drops all of them so soon has not failed once.
   */
  private lossesIn({ lost, open, opened }: VitalSigns, now: Milliseconds, failureWindow: Milliseconds): number {
    const old = Math.max(0, lost - opened);
    if (old === 0 || old < MASS_LOSS_SHARE * open) return lost;
    const isNew = now - this.massLossAt >= failureWindow + MASS_LOSS_SPREAD_MS;
    if (isNew) this.massLossAt = now;
    return lost - old + (isNew ? 1 : 0);
  }

  private partsSince(time: Milliseconds): Part[] {
    return this.parts.filter(({ begun }) => begun > time);
  }

  private partAt(now: Milliseconds, window: Milliseconds): Part {
    const last = this.parts.at(-1);
    if (last !== undefined && now - last.begun < window / WINDOW_PARTS) return last;
    const part: Part = {
      begun: now,
      attempts: 0,
      failures: 0,
      tunnelMs: 0,
      handshakes: new Sketch(),
      rtts: new Sketch(),
    };
    // Nobody sums up who is not well, for however long its last tunnels stay open.
    this.parts = [...this.partsSince(now - window), part];
    return part;
  }
}
