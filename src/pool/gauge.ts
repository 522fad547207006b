import type { ActivityMeasure, Measures } from "../balancing/index.ts";
import type { Milliseconds } from "../base/index.ts";

import { PeakMean } from "./peak-mean.ts";
import { addReadings, followedBy, lastingReading, NO_READING } from "./reading.ts";
import type { Reading } from "./reading.ts";

const SECOND_MS: Milliseconds = 1_000;
/** Time constant with which a backend's report loses its meaning when it is not renewed. */
const REPORT_DECAY_MS: Milliseconds = 60_000;
/** A report that is so old counts for nothing: its factor is within a hundredth of 1. */
const REPORT_FORGOTTEN_MS: Milliseconds = 5 * REPORT_DECAY_MS;

/** Most that a report counts for: a backend is taken for so many times as loaded as it seems, or for that part of it. */
const STRAIN_MAX = 4;

/** What a backend's tunnels have carried since they, or the worker, began. */
export interface Carried {
  readonly messages: { readonly fromClient: number; readonly fromBackend: number };
  readonly bytes: { readonly fromClient: number; readonly fromBackend: number };
}

/** What tunnels have carried, as the measure counts it: in messages of clients. */
export function countCarried({ messages, bytes }: Carried, measure: ActivityMeasure): number {
  const { messageBytes, fromClient, fromBackend } = measure;
  return (
    fromClient * (messages.fromClient + bytes.fromClient / messageBytes) +
    fromBackend * (messages.fromBackend + bytes.fromBackend / messageBytes)
  );
}

/** What is known of one backend by now, over all workers; null where it is not known, or not measured. */
export interface Gauged {
  /** What its tunnels carry, weighted as the balancing method says, in messages a second. */
  readonly activity: number | null;
  /** Mean time to the answers of handshakes, in milliseconds, in which a peak counts at once. */
  readonly handshakeMs: number | null;
  /** The same of heartbeats. */
  readonly roundTripMs: number | null;
  /** What it has said of its own load, from 0 to 1, and how long ago. */
  readonly reported: { readonly load: number; readonly ageMs: Milliseconds } | null;
}

/** What somebody begins with who has not measured anything yet. */
export interface GaugeStart extends Gauged {
  /** Open tunnels and requests that it was measured with. */
  readonly load: number;
}

/** What is measured of one backend: what this worker sees and what the others tell, and what follows for choosing. */
export class Gauge {
  /** Mean over all workers, and the load that the backend had then. */
  activity = 0;
  load = 0;
  readonly handshake = new PeakMean();
  readonly roundTrip = new PeakMean();

  /** What the other workers saw, until it is used. */
  private others = NO_READING;
  /** What this worker sees, likewise. */
  private own = { ...NO_READING };
  private carried: number | undefined;
  private report: number | undefined;
  private reportAge: Milliseconds = 0;

  noteHandshake(milliseconds: Milliseconds): void {
    this.own.handshakes += 1;
    this.own.handshakeMs += milliseconds;
  }

  noteRoundTrip(milliseconds: Milliseconds): void {
    this.own.roundTrips += 1;
    this.own.roundTripMs += milliseconds;
  }

  /** @param load what the backend says of itself, from 0 to 1 */
  noteReport(load: number): void {
    this.own.reports += 1;
    this.own.reported += load;
  }

  /** Reads off what tunnels have carried meanwhile. */
  carry(traffic: Carried, measure: ActivityMeasure, elapsed: Milliseconds): void {
    const carried = countCarried(traffic, measure);
    this.own.activity = (Math.max(0, carried - (this.carried ?? carried)) * SECOND_MS) / elapsed;
    this.carried = carried;
  }

  /** Takes over what the other workers saw. */
  hear(reading: Reading): void {
    this.others = followedBy(this.others, reading);
  }

  /** Goes on from what others have measured: what its tunnels carry they do with the others, until those tell. */
  begin({ activity, load, handshakeMs, roundTripMs, reported }: GaugeStart, measures: Measures): void {
    if (measures.activity !== undefined && activity !== null) {
      this.activity = activity;
      this.load = load;
      this.others = { ...NO_READING, activity };
    }
    if (measures.latency !== undefined && handshakeMs !== null) this.handshake.begin(handshakeMs);
    if (measures.latency !== undefined && roundTripMs !== null) this.roundTrip.begin(roundTripMs);
    if (reported === null) return;
    this.report = reported.load;
    this.reportAge = reported.ageMs;
  }

  /** What the backend has said of itself, and how long ago; null when that counts no more. */
  get reported(): Gauged["reported"] {
    if (this.report === undefined || this.reportAge >= REPORT_FORGOTTEN_MS) return null;
    return { load: this.report, ageMs: this.reportAge };
  }

  /** What has been seen by all since the last time; it is to be used, and then counts no more. */
  take(): { readonly own: Reading; readonly all: Reading } {
    const { own } = this;
    const all = addReadings(own, this.others);
    this.own = { ...lastingReading(own) };
    this.others = lastingReading(this.others);
    return { own, all };
  }

  /** Goes on by some time, in which the backend said so of itself. */
  heed({ reports, reported }: Reading, elapsed: Milliseconds): void {
    this.reportAge += elapsed;
    if (reports === 0) return;
    this.report = reported / reports;
    this.reportAge = 0;
  }

  /**
   * The factor that the backend's own report amounts to: a quarter for 0, four for 1, and 1 for the middle or for none;
   * what is not renewed goes back to 1.
   */
  get strain(): number {
    if (this.report === undefined) return 1;
    return STRAIN_MAX ** ((2 * this.report - 1) * Math.exp(-this.reportAge / REPORT_DECAY_MS));
  }
}
