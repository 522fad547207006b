import type { Allowed } from "./lease.ts";

/** What a worker is to be told: it may have so many connections to the backend from now on. It answers each order. */
export interface LeaseOrder<Worker> {
  readonly worker: Worker;
  readonly allowed: Allowed;
}

/** What is known of a worker. Without a limit, numbers are infinite. */
interface Entry {
  /** What the latest order allows. */
  asked: number;
  /** What it was allowed before, until it has answered that order; then the same. */
  held: number;
  /** Whether it has not answered yet. It gets one order at a time. */
  busy: boolean;
  /** What it uses, as far as is known. */
  used: number;
  /** Whether it has been told that there is nothing to be had. */
  refused: boolean;
}

/** What one worker gets at a time, so that the next one finds something, too. */
const PART_OF_FREE = 1 / 4;

const UNLIMITED = Number.POSITIVE_INFINITY;
const toNumber = (allowed: Allowed): number => (allowed === "off" ? UNLIMITED : allowed);
const fromNumber = (allowed: number): Allowed => (allowed === UNLIMITED ? "off" : allowed);

/** The most that it can have now, whether the order under way has reached it or not. */
const bound = ({ asked, held, used }: Entry): number => Math.max(asked, held, used);
/** The most that it can have once it has answered, by what is known now. */
const settled = ({ asked, used }: Entry): number => Math.max(asked, used);
/** What it has been allowed and does not use. */
const slack = ({ asked, used }: Entry): number => Math.max(0, asked - used);

/**
 * Shares out the hard limit of one backend among workers that open connections without asking. The sum of what they may
 * have never exceeds the limit, also while messages are under way: nothing is given before whoever had it has answered
 * that it is given back. Messages of one worker must keep their order, in both directions; nothing else is assumed.
 *
 * A lowered limit ends nothing. Until enough has ended by itself, nobody may open anything.
 *
 * All methods return the orders that follow, to be sent at once.
 */
export class LeaseBook<Worker> {
  private limit: number;
  private readonly entries = new Map<Worker, Entry>();
  /** Workers in which clients wait, first come, first served. */
  private readonly wanting = new Set<Worker>();

  constructor(limit: Allowed) {
    this.limit = toNumber(limit);
  }

  setLimit(limit: Allowed): LeaseOrder<Worker>[] {
    this.limit = toNumber(limit);
    return this.settle();
  }

  /** A worker begins; its {@link Lease} was made with this book's limit, and it has no connection yet. */
  join(worker: Worker): LeaseOrder<Worker>[] {
    const start = this.limit === UNLIMITED ? UNLIMITED : 0;
    const entry: Entry = { asked: start, held: start, busy: false, used: 0, refused: false };
    this.entries.set(worker, entry);
    const orders = this.settle();
    const part = Math.ceil(this.free() * PART_OF_FREE);
    if (!entry.busy && start === 0 && part > 0) orders.push(this.send(worker, entry, part));
    return orders;
  }

  /** A worker has ended, and its connections with it. */
  leave(worker: Worker): LeaseOrder<Worker>[] {
    this.entries.delete(worker);
    this.wanting.delete(worker);
    return this.settle();
  }

  /** A worker uses so many now. Needed after each change, soon but not at once. */
  used(worker: Worker, count: number): LeaseOrder<Worker>[] {
    const entry = this.entries.get(worker);
    if (entry === undefined) return [];
    entry.used = count;
    // Told of each connection, and of interest only where somebody waits for one to end.
    return this.wanting.size === 0 ? [] : this.settle();
  }

  /** Clients wait in a worker that has as many as it may have. */
  want(worker: Worker): LeaseOrder<Worker>[] {
    if (!this.entries.has(worker)) return [];
    this.wanting.add(worker);
    return this.settle();
  }

  /** A worker has taken over its latest order, and uses so many. */
  confirmed(worker: Worker, used: number): LeaseOrder<Worker>[] {
    const entry = this.entries.get(worker);
    if (entry === undefined) return [];
    // An order that changed the number has answered what was wanted until then, as the worker knows as well.
    if (entry.asked !== entry.held) {
      this.wanting.delete(worker);
      entry.refused = false;
    }
    entry.held = entry.asked;
    entry.busy = false;
    entry.used = used;
    return this.settle();
  }

  private settle(): LeaseOrder<Worker>[] {
    const orders = this.limit === UNLIMITED ? this.release() : this.restrict();
    if (orders.length > 0 || this.limit === UNLIMITED) return orders;
    // Whoever is still without a limit must have answered before anything can be reckoned with.
    if ([...this.entries.values()].some(({ asked }) => asked === UNLIMITED)) return [];
    return [...this.takeBack(), ...this.serve()];
  }

  /** There is no limit any more. */
  private release(): LeaseOrder<Worker>[] {
    const bounded = this.able(({ asked }) => asked !== UNLIMITED);
    return bounded.map(([worker, entry]) => this.send(worker, entry, UNLIMITED));
  }

  /** There was no limit: everybody keeps what it uses, and a part of the rest. */
  private restrict(): LeaseOrder<Worker>[] {
    const used = this.sum((entry) => entry.used);
    const part = Math.floor(Math.max(0, this.limit - used) / Math.max(1, this.entries.size));
    const unbounded = this.able(({ asked }) => asked === UNLIMITED);
    return unbounded.map(([worker, entry]) => this.send(worker, entry, entry.used + part));
  }

  /** More is out than there is: what nobody uses comes back, from all in proportion. */
  private takeBack(): LeaseOrder<Worker>[] {
    // Whoever may have what it uses replaces what ends; above the limit nothing may be replaced.
    if (this.sum(({ used }) => used) > this.limit) {
      return this.able(({ asked }) => asked > 0).map(([worker, entry]) => this.send(worker, entry, 0));
    }
    const excess = this.sum(settled) - this.limit;
    if (excess <= 0) return [];
    const unused = this.sum(slack);
    return this.able((entry) => slack(entry) > 0).map(([worker, entry]) =>
      this.send(worker, entry, entry.used + Math.floor((slack(entry) * (unused - excess)) / unused)),
    );
  }

  /** Gives to those who want, of what is free, else of what others do not use. */
  private serve(): LeaseOrder<Worker>[] {
    const orders: LeaseOrder<Worker>[] = [];
    let waiting = this.wanting.size;
    // Places that will be free soon, and that somebody further ahead is going to have.
    let promised = 0;
    for (const worker of this.wanting) {
      const entry = this.entries.get(worker);
      if (entry === undefined || entry.busy) continue;
      const free = this.free();
      if (free >= 1) {
        const part = Math.max(1, Math.floor(Math.min(free * PART_OF_FREE, free / waiting)));
        orders.push(this.send(worker, entry, settled(entry) + part));
      } else {
        const expected = this.limit - this.sum(settled) - promised;
        if (expected < 1) orders.push(...this.borrowFor(worker, entry));
        promised += 1;
      }
      waiting -= 1;
    }
    return orders;
  }

  /** Takes half of what the worker has that has most to spare; says no where all that there is is used. */
  private borrowFor(worker: Worker, entry: Entry): LeaseOrder<Worker>[] {
    const others = [...this.entries].filter(([other, known]) => other !== worker && slack(known) > 0);
    const [donor] = others.filter(([, { busy }]) => !busy).toSorted(([, a], [, b]) => slack(b) - slack(a));
    if (donor !== undefined) return [this.send(...donor, donor[1].used + Math.floor(slack(donor[1]) / 2))];
    // What is under way may be left over: workers want as soon as they have used up their part, and not only for clients.
    if (this.sum(({ used }) => used) < this.limit || entry.refused) return [];
    entry.refused = true;
    return [this.send(worker, entry, entry.asked)];
  }

  private send(worker: Worker, entry: Entry, allowed: number): LeaseOrder<Worker> {
    entry.asked = allowed;
    entry.busy = true;
    return { worker, allowed: fromNumber(allowed) };
  }

  /** Those that can be sent something, and that are meant. */
  private able(meant: (entry: Entry) => boolean): [Worker, Entry][] {
    return [...this.entries].filter(([, entry]) => !entry.busy && meant(entry));
  }

  /** What can be given now. */
  private free(): number {
    return this.limit === UNLIMITED ? 0 : this.limit - this.sum(bound);
  }

  private sum(value: (entry: Entry) => number): number {
    let sum = 0;
    for (const entry of this.entries.values()) sum += value(entry);
    return sum;
  }
}
