import type { Clock } from "./clock.ts";
import type { Milliseconds } from "./units.ts";

/**
 * Something that wants to be called later. The first three fields belong to the wheel (they are the links of its lists,
 * so that waiting costs no memory); start them as in {@link detachedEntry} and leave them alone.
 */
export interface WheelEntry {
  wheelNext: WheelEntry | undefined;
  wheelPrevious: WheelEntry | undefined;
  /** Number of the tick at which the entry is due. */
  wheelDue: number;
  /**
   * Called when the delay is over, after the entry has left the wheel.
   *
   * @param now the wheel's coarse clock
   * @returns milliseconds until the next call, or 0 for none; an entry that added itself meanwhile and returns 0 stays
   *   added
   */
  onDue(now: Milliseconds): number;
}

/** With ticks of 100 ms the wheel goes round in 102 s; what waits longer is looked at once a round. */
const SLOTS = 1024;

/** Longer delays, infinite ones too, are cut to this: about 35 years. */
const MAX_DELAY: Milliseconds = 2 ** 40;

/** An entry that is in no wheel yet. For entries that are not objects of their own class. */
export function detachedEntry(onDue: (now: Milliseconds) => number): WheelEntry {
  return { wheelNext: undefined, wheelPrevious: undefined, wheelDue: 0, onDue };
}

/** An empty circular list: a head that points at itself. */
function emptyList(): WheelEntry {
  const head = detachedEntry(() => 0);
  head.wheelNext = head;
  head.wheelPrevious = head;
  return head;
}

function link(head: WheelEntry, entry: WheelEntry): void {
  const last = head.wheelPrevious;
  entry.wheelPrevious = last;
  entry.wheelNext = head;
  if (last !== undefined) last.wheelNext = entry;
  head.wheelPrevious = entry;
}

function unlink(entry: WheelEntry): void {
  const { wheelNext: next, wheelPrevious: previous } = entry;
  if (next !== undefined) next.wheelPrevious = previous;
  if (previous !== undefined) previous.wheelNext = next;
  entry.wheelNext = undefined;
  entry.wheelPrevious = undefined;
}

/**
 * An exception of an entry without anybody to hear it is a mistake of the program: it surfaces, but not inside the
 * tick.
 */
function surface(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

/**
 * One hashed timing wheel (Varghese and Lauck 1987, scheme 6) for all timeouts of a worker: adding, moving and removing
 * an entry touch four links and allocate nothing. An entry is never called early and, when ticks come in time, less
 * than two ticks late.
 */
export class Wheel {
  /** Time between ticks. */
  readonly tickMs: Milliseconds;
  readonly #clock: Clock;
  readonly #onError: (error: unknown) => void;
  readonly #origin: Milliseconds;
  readonly #slots: readonly WheelEntry[];
  readonly #due = emptyList();
  #now: Milliseconds;
  #tick = 0;
  #size = 0;

  /**
   * @param clock where the time comes from
   * @param tickMs resolution in milliseconds
   * @param onError told what an entry's `onDue` throws; that entry has left the wheel and the others go on. Without it
   *   the exception is thrown from a microtask
   */
  constructor(clock: Clock, tickMs: Milliseconds = 100, onError: (error: unknown) => void = surface) {
    this.tickMs = tickMs;
    this.#clock = clock;
    this.#onError = onError;
    this.#origin = clock.now();
    this.#now = this.#origin;
    this.#slots = Array.from({ length: SLOTS }, emptyList);
  }

  /** The time of the last tick, on the clock's scale: good enough for timeouts, and free. */
  get now(): Milliseconds {
    return this.#now;
  }

  /** Number of entries that wait. */
  get size(): number {
    return this.#size;
  }

  /**
   * Calls `entry` in `delayMs` milliseconds; an entry that waits already is moved. Delays below 0 count as 0, the next
   * tick.
   */
  add(entry: WheelEntry, delayMs: Milliseconds): void {
    this.remove(entry);
    const delay = delayMs > 0 ? Math.min(delayMs, MAX_DELAY) : 0;
    const due = Math.ceil((this.#clock.now() + delay - this.#origin) / this.tickMs);
    entry.wheelDue = Math.max(due, this.#tick + 1);
    link(this.#slot(entry.wheelDue), entry);
    this.#size += 1;
  }

  /** Forgets `entry`; nothing happens when it is not waiting. */
  remove(entry: WheelEntry): void {
    if (entry.wheelNext === undefined) return;
    unlink(entry);
    this.#size -= 1;
  }

  /**
   * Calls every entry that is due. To be called about every `tickMs`; when calls were missed, one makes up for all of
   * them.
   */
  tick(): void {
    this.#now = this.#clock.now();
    const first = this.#tick + 1;
    const current = Math.floor((this.#now - this.#origin) / this.tickMs);
    if (current < first) return;
    this.#tick = current;
    const last = Math.min(current, first + SLOTS - 1);
    for (let tick = first; tick <= last; tick += 1) this.#collect(this.#slot(tick), current);
    this.#run();
  }

  #slot(tick: number): WheelEntry {
    const head = this.#slots[tick % SLOTS];
    if (head === undefined) throw new RangeError(`no slot for tick ${tick}`);
    return head;
  }

  /** Moves what is due from a slot to the list of due entries; what is due in a later round stays. */
  #collect(head: WheelEntry, current: number): void {
    let entry = head.wheelNext;
    while (entry !== undefined && entry !== head) {
      const next = entry.wheelNext;
      if (entry.wheelDue <= current) {
        unlink(entry);
        link(this.#due, entry);
      }
      entry = next;
    }
  }

  /**
   * Always takes the first, so an entry may add and remove whatever it likes, entries that are due with it included.
   */
  #run(): void {
    let entry = this.#due.wheelNext;
    while (entry !== undefined && entry !== this.#due) {
      this.remove(entry);
      this.#call(entry);
      entry = this.#due.wheelNext;
    }
  }

  #call(entry: WheelEntry): void {
    try {
      const delay = entry.onDue(this.#now);
      if (delay > 0) this.add(entry, delay);
    } catch (error) {
      this.#onError(error);
    }
  }
}

/**
 * Turns a wheel with one timer, which does not keep the process alive.
 *
 * @returns stops the timer
 */
export function startWheel(wheel: Wheel): () => void {
  const timer = setInterval(() => wheel.tick(), wheel.tickMs);
  timer.unref();
  return () => clearInterval(timer);
}
