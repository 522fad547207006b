import { isDeepStrictEqual } from "node:util";

import type { Measures } from "../balancing/index.ts";
import type { Milliseconds, PoolState } from "../base/index.ts";

import { NOWHERE } from "./backend.ts";
import type { Backend } from "./backend.ts";
import { Gauge } from "./gauge.ts";
import type { Carried, Gauged, GaugeStart } from "./gauge.ts";
import type { PeakMean } from "./peak-mean.ts";
import type { Reading } from "./reading.ts";

/** Gives what a backend's tunnels have carried so far. */
export type CarriedBy = (backend: Backend) => Carried;

const NOTHING_CARRIED: Carried = {
  messages: { fromClient: 0, fromBackend: 0 },
  bytes: { fromClient: 0, fromBackend: 0 },
};

/** Gives that of backends whose tunnels nobody needs to look at. */
export const carriedNothing: CarriedBy = () => NOTHING_CARRIED;

/** What is measured of a pool's backends for its balancing method; nothing for most. */
export class Gauges {
  measures: Measures = {};
  private looks = 0;
  private knowsActivity = false;
  private activityPerTunnel = 0;
  /** What is taken for backends of which nothing is known, in milliseconds. */
  private usualHandshake = 0;
  private usualRoundTrip = 0;

  /** Measures this from now on; what was measured otherwise is forgotten. */
  follow(measures: Measures, known: Iterable<Backend>): void {
    if (isDeepStrictEqual(measures, this.measures)) return;
    this.measures = measures;
    this.looks = 0;
    this.knowsActivity = false;
    this.activityPerTunnel = 0;
    this.usualHandshake = 0;
    this.usualRoundTrip = 0;
    for (const backend of known) backend.gauge = new Gauge();
  }

  /** Whether anything is measured at all. */
  get isOn(): boolean {
    return this.measures.activity !== undefined || this.measures.latency !== undefined;
  }

  /**
   * Counts in what there was since the last look, here and with other workers, and shows what follows.
   *
   * @param views the pool's; all show the same of it
   * @returns what of it this worker saw
   */
  look(
    elapsed: Milliseconds,
    known: Iterable<Backend>,
    views: readonly [PoolState, ...PoolState[]],
    carriedBy: CarriedBy,
  ): Map<Backend, Reading> {
    const { activity } = this.measures;
    const seen = new Map<Backend, Reading>();
    for (const backend of known) {
      if (activity !== undefined) backend.gauge.carry(carriedBy(backend), activity, elapsed);
      const { own, all } = backend.gauge.take();
      seen.set(backend, own);
      this.advance(backend, all, elapsed, views[0]);
    }
    this.compare(seen.keys());
    this.show(views, seen.keys());
    this.looks += 1;
    // The first look only sees how far counters are.
    if (this.looks > 1) this.knowsActivity = true;
    return seen;
  }

  /** Goes on from what others have measured. What is not measured here is passed over. */
  begin(known: ReadonlyMap<Backend, GaugeStart>, all: Iterable<Backend>, views: readonly PoolState[]): void {
    if (!this.isOn) return;
    for (const [{ gauge }, start] of known) gauge.begin(start, this.measures);
    this.knowsActivity ||= [...known.values()].some(({ activity }) => activity !== null);
    const backends = [...all];
    this.compare(backends);
    this.show(views, backends);
  }

  /** What is known of a backend by now; undefined where nothing is measured. */
  read({ gauge }: Backend): Gauged | undefined {
    if (!this.isOn) return undefined;
    const { activity, latency } = this.measures;
    const known = latency === undefined ? undefined : gauge;
    return {
      activity: activity === undefined || !this.knowsActivity ? null : gauge.activity,
      handshakeMs: known?.handshake.value ?? null,
      roundTripMs: known?.roundTrip.value ?? null,
      reported: gauge.reported,
    };
  }

  /** Shows what is known in views that may be new. */
  show(views: readonly PoolState[], backends: Iterable<Backend>): void {
    for (const view of views) view.activityPerTunnel = this.activityPerTunnel;
    for (const backend of backends) for (const view of views) this.showOn(view, backend);
  }

  private advance({ gauge, index, load }: Backend, all: Reading, elapsed: Milliseconds, view: PoolState): void {
    const { activity, latency } = this.measures;
    gauge.heed(all, elapsed);
    if (latency !== undefined) {
      gauge.handshake.advance(elapsed, all.handshakeMs, all.handshakes, latency.decay);
      gauge.roundTrip.advance(elapsed, all.roundTripMs, all.roundTrips, latency.decay);
    }
    if (activity === undefined || index === NOWHERE) return;
    // New tunnels have their seed in it, and it fades as what they really carry is measured.
    const before = view.activity(index);
    gauge.activity = before + (all.activity - before) * this.weightOf(elapsed, activity.window);
    gauge.load = load;
  }

  /** At first a plain mean, so that nothing measured is not taken for nothing carried; the first look only begins to count. */
  private weightOf(elapsed: Milliseconds, window: Milliseconds): number {
    return Math.max(1 - Math.exp(-elapsed / window), 1 / Math.max(1, this.looks));
  }

  private compare(all: Iterable<Backend>): void {
    const members = [...all].filter(({ index }) => index !== NOWHERE);
    const load = members.reduce((sum, { gauge }) => sum + gauge.load, 0);
    const activity = members.reduce((sum, { gauge }) => sum + gauge.activity, 0);
    // While nobody has a tunnel, what tunnels had goes on to be expected of them.
    if (load > 0) this.activityPerTunnel = activity / load;
    this.usualHandshake = median(members.map(({ gauge }) => gauge.handshake)) ?? 0;
    this.usualRoundTrip = median(members.map(({ gauge }) => gauge.roundTrip)) ?? 0;
  }

  private showOn(view: PoolState, { index, gauge }: Backend): void {
    if (index === NOWHERE) return;
    view.setActivity(index, gauge.activity, gauge.load);
    view.setLatency(
      index,
      (gauge.handshake.value ?? this.usualHandshake) + (gauge.roundTrip.value ?? this.usualRoundTrip),
    );
    view.setStrain(index, gauge.strain);
  }
}

/** The middle of what is known; the lower of two. */
function median(means: readonly PeakMean[]): number | undefined {
  const values = means.flatMap(({ value }) => value ?? []).toSorted((a, b) => a - b);
  return values[Math.floor((values.length - 1) / 2)];
}
