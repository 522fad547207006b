import { setTimeout as delay } from "node:timers/promises";

import { backendKey } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";

/** Something about one backend: the pool's name, the backend's name, what. */
type BackendNews = readonly [pool: string, backend: string, what: unknown];

/** How news are made. */
interface NewsWorld<Entry extends BackendNews> {
  /** Gives all that is so. */
  look(): Promise<readonly Entry[]>;
  /** Gets what is not as it was told last. */
  tell(changes: readonly Entry[]): void;
  /** Between two looks. */
  readonly interval: Milliseconds;
  /** What need not be told where nothing has been told before. */
  readonly nothing?: Entry[2];
}

/** Looks again and again at something that is so of backends, and tells what has changed. */
export class News<Entry extends BackendNews> {
  private readonly world: NewsWorld<Entry>;
  private readonly told = new Map<string, string>();
  private readonly nothing: string;
  private stopped = false;

  constructor(world: NewsWorld<Entry>) {
    this.world = world;
    this.nothing = JSON.stringify(world.nothing ?? null);
  }

  /** Goes on until it is stopped. */
  async follow(): Promise<void> {
    while (!this.stopped) {
      const found = await this.world.look();
      if (!this.isStopped()) this.compare(found);
      await delay(this.world.interval, undefined, { ref: false });
    }
  }

  /** Looks and tells no more. */
  stop(): void {
    this.stopped = true;
  }

  private isStopped(): boolean {
    return this.stopped;
  }

  private compare(found: readonly Entry[]): void {
    const changes = found.filter(([pool, backend, what]) => {
      const key = backendKey(pool, backend);
      const text = JSON.stringify(what);
      if ((this.told.get(key) ?? this.nothing) === text) return false;
      this.told.set(key, text);
      return true;
    });
    if (changes.length > 0) this.world.tell(changes);
  }
}
