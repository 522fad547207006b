import { detachedEntry } from "../base/index.ts";
import type { Milliseconds, Wheel } from "../base/index.ts";
import type { Config, LimitOptions, ListenerConfig } from "../config/index.ts";
import { createListener } from "../listener/index.ts";
import type { Listener, ListenerHandlers, ListenerWorld } from "../listener/index.ts";
import { discard } from "../wire/index.ts";
import type { Accepted } from "../wire/index.ts";

/** How often it is looked whether a listener that has been replaced has connections left. */
const RETIRED_LOOK_INTERVAL_MS: Milliseconds = 1_000;

/** What a worker's listeners are made with. */
export interface FrontageWorld extends ListenerWorld {
  readonly wheel: Wheel;
  /** 48 bytes shared by all workers. */
  readonly ticketKeys: Buffer;
  readonly handlersFor: (listener: ListenerConfig) => ListenerHandlers;
}

/**
 * All listeners of a worker. One whose configuration changes is replaced, for those that come from then on: a listener
 * itself never changes, and connections stay with the one that took them.
 */
export class Frontage {
  private readonly world: FrontageWorld;
  private current = new Map<string, Listener>();
  private limits: LimitOptions;
  private readonly retired = new Set<Listener>();
  private readonly look = detachedEntry(() => this.forgetEmpty());

  /** @throws FairleadError TLS_FILES when a certificate cannot be used */
  constructor({ listeners, limits }: Config, world: FrontageWorld) {
    this.world = world;
    this.limits = limits;
    for (const listener of listeners) this.current.set(listener.name, this.make(listener, limits));
  }

  /** Connections that the listeners know now. */
  get connections(): number {
    let sum = 0;
    for (const listener of this) sum += listener.connections;
    return sum;
  }

  /** Replaced ones too, as long as they have connections. */
  *[Symbol.iterator](): Generator<Listener> {
    yield* this.current.values();
    yield* this.retired;
  }

  /** What a listener is by now; one that has just been removed is still found. */
  find(name: string): Listener | undefined {
    return this.current.get(name) ?? [...this.retired].findLast(({ config }) => config.name === name);
  }

  has(name: string): boolean {
    return this.current.has(name);
  }

  /**
   * Goes by another configuration from now on.
   *
   * @throws FairleadError TLS_FILES when a certificate cannot be used; nothing has changed then
   */
  update({ listeners, limits }: Config): void {
    const isSame = sameLimits(limits, this.limits);
    const next = new Map(
      listeners.map((config) => {
        const old = this.current.get(config.name);
        const stays = old !== undefined && isSame && JSON.stringify(old.config) === JSON.stringify(config);
        return [config.name, stays ? old : this.make(config, limits)];
      }),
    );
    for (const [name, old] of this.current) if (next.get(name) !== old) this.retire(old);
    this.current = next;
    this.limits = limits;
  }

  /** Hands a connection to a listener. Where there is none of that name any more, it ends. */
  accept(name: string, accepted: Accepted): void {
    const listener = this.find(name);
    if (listener === undefined) discard(accepted);
    else listener.accept(accepted);
  }

  /** Ends connections that wait for a next request. */
  closeIdle(): void {
    for (const listener of this) listener.closeIdle();
  }

  destroy(): void {
    this.world.wheel.remove(this.look);
    for (const listener of this) listener.destroy();
  }

  private make(listener: ListenerConfig, limits: LimitOptions): Listener {
    const { handlersFor, ticketKeys } = this.world;
    return createListener(listener, limits, handlersFor(listener), ticketKeys, this.world);
  }

  private retire(listener: Listener): void {
    listener.closeIdle();
    // A look that is due stays due: who reloads often does not put it off.
    if (this.retired.size === 0) this.world.wheel.add(this.look, RETIRED_LOOK_INTERVAL_MS);
    this.retired.add(listener);
  }

  private forgetEmpty(): Milliseconds {
    for (const listener of this.retired) {
      if (listener.connections > 0) continue;
      listener.destroy();
      this.retired.delete(listener);
    }
    return this.retired.size > 0 ? RETIRED_LOOK_INTERVAL_MS : 0;
  }
}

/** Limits that a listener goes by; others are the gateway's. */
function sameLimits(one: LimitOptions, other: LimitOptions): boolean {
  return (
    one.maxHeadSize === other.maxHeadSize &&
    one.headTimeout === other.headTimeout &&
    one.requestTimeout === other.requestTimeout &&
    one.keepAliveTimeout === other.keepAliveTimeout
  );
}
