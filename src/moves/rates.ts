import type { Milliseconds } from "../base/index.ts";

/** A tunnel, as far as what it carries goes. */
export interface CarryingTunnel {
  /** Since it was opened. */
  readonly ageMs: Milliseconds;
}

/** What is known of one tunnel. */
interface Known {
  perSecond: number;
  carried: number;
  at: Milliseconds;
}

/** Less says nothing of a rate, neither as an age nor as the time between two looks. */
const LEAST_TIME: Milliseconds = 1_000;

/**
 * What each of some tunnels carries, by reading off now and then what it has carried so far. One that is seen for the first
 * time is taken for what it has carried in its life; from then on the mean is exponentially weighted. A tunnel that is gone
 * is forgotten with whoever holds it.
 */
export class Rates<Tunnel extends CarryingTunnel> {
  private readonly window: Milliseconds;
  private readonly known = new WeakMap<Tunnel, Known>();

  /** @param window time constant of the mean */
  constructor(window: Milliseconds) {
    this.window = window;
  }

  /**
   * Gives what a tunnel carries a second, as a mean. A look that comes within a second of the last one reads nothing.
   *
   * @param now monotonic time
   * @param carriedBy gives what a tunnel has carried since it was opened
   */
  look(now: Milliseconds, tunnel: Tunnel, carriedBy: (tunnel: Tunnel) => number): number {
    const known = this.known.get(tunnel) ?? this.meet(now, tunnel, carriedBy(tunnel));
    if (now - known.at >= LEAST_TIME) this.read(now, tunnel, known, carriedBy(tunnel));
    return known.perSecond;
  }

  private meet(now: Milliseconds, tunnel: Tunnel, carried: number): Known {
    const known = { perSecond: perSecondOf(carried, Math.max(tunnel.ageMs, LEAST_TIME)), carried, at: now };
    this.known.set(tunnel, known);
    return known;
  }

  private read(now: Milliseconds, { ageMs }: Tunnel, known: Known, carried: number): void {
    const elapsed = now - known.at;
    const fresh = perSecondOf(Math.max(0, carried - known.carried), elapsed);
    // Of a young one it is the plain mean of its life: its first second must not count for a minute.
    const weight = Math.max(1 - Math.exp(-elapsed / this.window), Math.min(1, elapsed / Math.max(ageMs, LEAST_TIME)));
    known.perSecond += (fresh - known.perSecond) * weight;
    known.carried = carried;
    known.at = now;
  }
}

function perSecondOf(carried: number, time: Milliseconds): number {
  return (carried * 1_000) / time;
}
