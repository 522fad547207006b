import { LeaseBook } from "../admission/index.ts";
import type { LeaseOrder } from "../admission/index.ts";
import type { PoolConfig } from "../config/index.ts";
import { limitOf } from "../pool/index.ts";

import type { FromWorker, LeaseNotice, LoadChange, ToWorker } from "./messages.ts";

/** What sharing out limits needs of its instance. */
export interface LeaseWorld {
  /** Workers to keep alive. One alone has every limit to itself, and no book is kept. */
  readonly workers: number;
  readonly loads: {
    own(worker: number, pool: string, backend: string): number;
    total(pool: string, backend: string): number;
  };
  /** Those that can be told, in order with everything else that they are told. */
  readonly seats: ReadonlyMap<number, { readonly handle: { send(message: ToWorker): void } }>;
}

/** The book of one backend, and the last order that each worker got. */
interface Account {
  readonly pool: string;
  readonly backend: string;
  readonly book: LeaseBook<number>;
  readonly orders: Map<number, number>;
}

/** Shares out the hard limits of all backends among the workers: one book for each backend that has one, or had. */
export class Leases {
  private readonly world: LeaseWorld;
  private readonly workers = new Set<number>();
  /** By the pool's name, then by the backend's; undefined for one that has never had a limit. */
  private accounts = new Map<string, Map<string, Account | undefined>>();
  private lastOrder = 0;

  constructor(pools: readonly PoolConfig[], world: LeaseWorld) {
    this.world = world;
    this.update(pools);
  }

  /** Goes by these pools' limits from now on. All workers have been told of them. */
  update(pools: readonly PoolConfig[]): void {
    if (this.world.workers === 1) return;
    const before = this.accounts;
    this.accounts = new Map(pools.map(({ name }) => [name, new Map<string, Account | undefined>()]));
    for (const pool of pools)
      for (const backend of pool.backends) {
        const known = before.get(pool.name);
        const limit = limitOf(pool, backend);
        const account = known?.get(backend.name);
        const place = { pool: pool.name, backend: backend.name };
        const isNew = known?.has(backend.name) !== true;
        const kept = account ?? (limit === "off" ? undefined : this.open(place, isNew));
        this.accounts.get(pool.name)?.set(backend.name, kept);
        if (kept !== undefined) this.sendAll(kept, kept.book.setLimit(limit));
      }
  }

  /** A worker is about to begin. Returns what it may have to begin with. */
  join(worker: number): LeaseNotice[] {
    this.workers.add(worker);
    return this.all().flatMap((account) => {
      const orders = account.book.join(worker);
      this.sendAll(
        account,
        orders.filter((order) => order.worker !== worker),
      );
      return orders.filter((order) => order.worker === worker).map((order) => this.notice(account, order));
    });
  }

  /** A worker has ended, with all that it had. */
  leave(worker: number): void {
    this.workers.delete(worker);
    for (const account of this.all()) {
      account.orders.delete(worker);
      this.sendAll(account, account.book.leave(worker));
    }
  }

  /** What a worker has with these backends has changed. */
  used(worker: number, changes: readonly LoadChange[]): void {
    for (const [pool, backend, load] of changes) {
      const account = this.find(pool, backend);
      if (account !== undefined) this.sendAll(account, account.book.used(worker, load));
    }
  }

  /** A worker wants more, or goes by an order: one for a backend that was removed and has come back does not count. */
  hear(worker: number, message: FromWorker & { type: "want" | "leased" }): void {
    const account = this.find(message.pool, message.backend);
    if (account === undefined) return;
    if (message.type === "want") this.sendAll(account, account.book.want(worker));
    else if (account.orders.get(worker) === message.order)
      this.sendAll(account, account.book.confirmed(worker, message.used));
  }

  /**
   * A book that agrees with what the workers begin with: nothing for a backend that is new to them, and no limit for one
   * that has had none. What one that was removed still has is known before anything is given.
   */
  private open({ pool, backend }: Pick<Account, "pool" | "backend">, isNew: boolean): Account {
    const account: Account = { pool, backend, book: new LeaseBook(isNew ? 0 : "off"), orders: new Map() };
    for (const worker of this.workers) {
      account.book.join(worker);
      account.book.used(worker, this.world.loads.own(worker, pool, backend));
    }
    return account;
  }

  private find(pool: string, backend: string): Account | undefined {
    return this.accounts.get(pool)?.get(backend);
  }

  private all(): Account[] {
    return [...this.accounts.values()].flatMap((ofPool) => [...ofPool.values()].filter((one) => one !== undefined));
  }

  private sendAll(account: Account, orders: readonly LeaseOrder<number>[]): void {
    for (const order of orders) {
      const lease = this.notice(account, order);
      this.world.seats.get(order.worker)?.handle.send({ type: "lease", lease });
    }
  }

  private notice({ pool, backend, orders }: Account, { worker, allowed }: LeaseOrder<number>): LeaseNotice {
    this.lastOrder += 1;
    orders.set(worker, this.lastOrder);
    return { pool, backend, allowed, order: this.lastOrder };
  }
}
