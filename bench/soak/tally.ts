import type { ClientsReport, Failure, Finished, Loss } from "./protocol.ts";

/** Complaints that are kept in words; of more there is only the number. */
const COMPLAINTS_MAX = 50;

/** What clients have seen. */
export class Tally {
  private counts: Record<string, number> = {};
  private complaints: string[] = [];
  private losses: Loss[] = [];
  private failures: Failure[] = [];
  private finished: Finished[] = [];

  count(what: string, by = 1): void {
    this.counts[what] = (this.counts[what] ?? 0) + by;
  }

  complain(text: string): void {
    this.count("complaints");
    if (this.complaints.length < COMPLAINTS_MAX) this.complaints.push(text);
  }

  lost(loss: Loss): void {
    this.count("lost");
    this.losses.push(loss);
  }

  failed(failure: Failure): void {
    this.count("failed");
    this.failures.push(failure);
  }

  finish(finished: Finished): void {
    this.finished.push(finished);
  }

  /** All of it, and a new beginning. */
  take(): ClientsReport {
    const { counts, complaints, losses, failures, finished } = this;
    this.counts = {};
    this.complaints = [];
    this.losses = [];
    this.failures = [];
    this.finished = [];
    return { counts, complaints, losses, failures, finished };
  }
}
