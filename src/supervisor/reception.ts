import { FairleadError } from "../base/index.ts";
import type { Clock } from "../base/index.ts";
import type { ListenerConfig } from "../config/index.ts";
import { listenError, openEntrance } from "../listener/index.ts";
import type { Entrance } from "../listener/index.ts";
import { discard } from "../wire/index.ts";
import type { Accepted, Bound, LegDriver } from "../wire/index.ts";

import { Handover } from "./handover.ts";
import type { Seat } from "./seat.ts";
import type { BoundAddress } from "./status.ts";
import { Turns } from "./turns.ts";

/** Addresses that have been taken and are not accepted at yet. */
export interface Opened {
  /** Accepts no more at those that are not wanted any more. */
  leave(): void;
  /**
   * Accepts at them from now on.
   *
   * @throws FairleadError LISTEN_FAILED when an inherited descriptor cannot be accepted at
   */
  commit(): Promise<void>;
  /** Lets go of them; everything stays as it was. */
  cancel(): void;
}

/** How connections come to workers. */
export interface Reception {
  /** Where it listens, in the order of the configuration. */
  readonly addresses: readonly BoundAddress[];
  /** The descriptors of what it listens at, by the listeners' names; without those that have none, as on Windows. */
  descriptors(): ReadonlyMap<string, number>;
  /**
   * Takes the addresses that it does not have yet. Those that it has keep their sockets.
   *
   * @throws FairleadError LISTEN_FAILED for the first that fails; everything is as it was then
   */
  open(listeners: readonly ListenerConfig[]): Promise<Opened>;
  /**
   * Resolves when clients that connect from now on are waited for.
   *
   * @throws FairleadError LISTEN_FAILED
   */
  standing(): Promise<void>;
  /** A worker may be able to take more now. */
  wake(): void;
  /** A worker has let go of an address that it accepted at. @param error why, if it is because it could not accept */
  passed(seat: Seat, listener: string, turn: number, error: NodeJS.ErrnoException | undefined): void;
  /** A worker is gone, or is to get nothing more. */
  leave(seat: Seat): void;
  /** Accepts nothing more; resolves when what came before has been given to workers. */
  settle(): Promise<void>;
  /** Accepts nothing more; what waits for a worker is dropped. */
  close(): void;
}

/** What a reception needs of its supervisor. */
export interface ReceptionWorld {
  readonly clock: Clock;
  readonly seats: ReadonlyMap<number, Seat>;
  readonly driver: LegDriver;
  /**
   * Descriptors that listen already, by the listeners' names. Others may accept there as well, so nobody must who could
   * still fail to start: clients would be lost.
   */
  readonly inherited: ReadonlyMap<string, number>;
  /** Connections that may wait for a worker. */
  readonly waitingMax: number;
  /** A connection could not be accepted. */
  readonly failed: (error: Error) => void;
  /** There is no place even for waiting. */
  readonly refused: (listener: string, accepted: Accepted) => void;
}

/**
 * Makes a reception without any address.
 *
 * @param remote whether workers are processes of their own
 */
export function createReception(world: ReceptionWorld, remote: boolean): Reception {
  return remote && world.driver.bind !== undefined ? workersAccept(world) : thisProcessAccepts(world);
}

/** The workers accept, one at a time. */
function workersAccept({ seats, driver, inherited }: ReceptionWorld): Reception {
  const turns = new Turns(seats);
  const places = new Places<Bound>({
    async take({ name, host, port }) {
      const descriptor = inherited.get(name);
      const bound = descriptor === undefined ? await driver.bind?.(host, port) : driver.adopt?.(descriptor);
      if (bound === undefined) throw new FairleadError("INTERNAL", "this driver does not bind addresses");
      return bound;
    },
    begin: ({ name }, bound) => turns.open(name, bound),
    end: (name) => turns.shut(name),
    drop: (bound) => bound.close(),
    placeOf: (bound) => bound,
  });
  const close = (): void => turns.stop();
  return {
    get addresses() {
      return places.addresses;
    },
    descriptors: () => places.descriptors(),
    open: (listeners) => places.open(listeners),
    async standing() {
      const failed = await turns.standing();
      const listener = failed === undefined ? undefined : places.configOf(failed.listener);
      if (failed !== undefined && listener !== undefined) throw listenError(listener, failed.error);
    },
    wake: () => turns.wake(),
    passed: (seat, listener, turn, error) => turns.passed(seat, listener, turn, error),
    leave: (seat) => turns.leave(seat),
    settle: () => Promise.resolve(close()),
    close,
  };
}

/** This process accepts, and hands each connection over. */
function thisProcessAccepts(world: ReceptionWorld): Reception {
  const { seats, driver, failed, inherited } = world;
  const handover = new Handover(seats, world);
  const places = new Places<Gate>({
    async take(listener) {
      const gate = new Gate(listener, driver, failed);
      if (!inherited.has(listener.name)) await gate.open(undefined);
      return gate;
    },
    async begin({ name }, gate) {
      gate.pass((accepted) => handover.add(name, accepted));
      if (gate.entrance === undefined) await gate.open(inherited.get(name));
    },
    end: (_name, gate) => gate.close(),
    drop: (gate) => gate.close(),
    placeOf: ({ entrance }) => entrance && { ...entrance.address, descriptor: entrance.descriptor },
  });
  return {
    get addresses() {
      return places.addresses;
    },
    descriptors: () => places.descriptors(),
    open: (listeners) => places.open(listeners),
    standing: () => Promise.resolve(),
    wake: () => handover.wake(),
    passed: () => {
      throw new FairleadError("INTERNAL", "an address was passed on that only the supervisor accepts at");
    },
    leave: () => handover.wake(),
    settle() {
      places.dropAll();
      return handover.emptied();
    },
    close() {
      places.dropAll();
      handover.stop();
    },
  };
}

/** An entrance whose connections wait until the workers know what to do with them. */
class Gate {
  entrance: Entrance | undefined;
  private readonly listener: ListenerConfig;
  private readonly driver: LegDriver;
  private readonly failed: (error: Error) => void;
  private readonly early: Accepted[] = [];
  private take: (accepted: Accepted) => void = (accepted) => void this.early.push(accepted);

  constructor(listener: ListenerConfig, driver: LegDriver, failed: (error: Error) => void) {
    this.listener = listener;
    this.driver = driver;
    this.failed = failed;
  }

  /** @throws FairleadError LISTEN_FAILED */
  async open(inherited: number | undefined): Promise<void> {
    const handlers = { connection: (accepted: Accepted) => this.take(accepted), failed: this.failed };
    this.entrance = await openEntrance(this.listener, handlers, this.driver, inherited);
  }

  /** From now on connections, and those that came early, go there. */
  pass(to: (accepted: Accepted) => void): void {
    this.take = to;
    for (const accepted of this.early.splice(0)) to(accepted);
  }

  close(): void {
    this.entrance?.close();
    for (const accepted of this.early.splice(0)) discard(accepted);
  }
}

/** How a reception takes addresses and lets go of them. */
interface PlaceKeeper<Held> {
  /** @throws an error of the system's, or of fairlead's */
  readonly take: (listener: ListenerConfig) => Promise<Held>;
  readonly begin: (listener: ListenerConfig, held: Held) => void | Promise<void>;
  readonly end: (name: string, held: Held) => void;
  readonly drop: (held: Held) => void;
  /** Undefined where nobody listens yet. */
  readonly placeOf: (held: Held) => Place | undefined;
}

/** Where something listens. */
interface Place {
  readonly host: string;
  readonly port: number;
  readonly descriptor: number | undefined;
}

/** The addresses of a reception, by the names of their listeners. */
class Places<Held> {
  private readonly keeper: PlaceKeeper<Held>;
  private readonly held = new Map<string, Held>();
  private listeners: readonly ListenerConfig[] = [];

  constructor(keeper: PlaceKeeper<Held>) {
    this.keeper = keeper;
  }

  get addresses(): readonly BoundAddress[] {
    return this.places().map(([name, { host, port }]) => ({ name, host, port }));
  }

  descriptors(): ReadonlyMap<string, number> {
    return new Map(
      this.places().flatMap(([name, { descriptor }]) => (descriptor === undefined ? [] : [[name, descriptor]])),
    );
  }

  configOf(name: string): ListenerConfig | undefined {
    return this.listeners.find((listener) => listener.name === name);
  }

  async open(listeners: readonly ListenerConfig[]): Promise<Opened> {
    const taken = new Map<ListenerConfig, Held>();
    const cancel = (): void => taken.forEach((held) => this.keeper.drop(held));
    // In order, so that the first address that fails is the one that is named.
    for (const listener of listeners) {
      if (this.held.has(listener.name)) continue;
      try {
        taken.set(listener, await this.keeper.take(listener));
      } catch (error) {
        cancel();
        // What is no error of fairlead's is one of the system's.
        throw error instanceof FairleadError ? error : listenError(listener, error as NodeJS.ErrnoException);
      }
    }
    return { leave: () => this.leave(listeners), commit: () => this.commit(listeners, taken), cancel };
  }

  private places(): [string, Place][] {
    return this.listeners.flatMap(({ name }): [string, Place][] => {
      const held = this.held.get(name);
      const place = held === undefined ? undefined : this.keeper.placeOf(held);
      return place === undefined ? [] : [[name, place]];
    });
  }

  dropAll(): void {
    for (const held of this.held.values()) this.keeper.drop(held);
  }

  private leave(wanted: readonly ListenerConfig[]): void {
    const names = new Set(wanted.map(({ name }) => name));
    for (const [name, held] of this.held) {
      if (names.has(name)) continue;
      this.held.delete(name);
      this.keeper.end(name, held);
    }
  }

  private async commit(listeners: readonly ListenerConfig[], taken: ReadonlyMap<ListenerConfig, Held>): Promise<void> {
    this.listeners = listeners;
    for (const [listener, held] of taken) {
      this.held.set(listener.name, held);
      await this.keeper.begin(listener, held);
    }
  }
}
