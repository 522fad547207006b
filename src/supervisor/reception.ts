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
  /** Accepts at them from now on, and no more at those that are not wanted any more. */
  commit(): void;
  /** Lets go of them; everything stays as it was. */
  cancel(): void;
}

/** How connections come to workers. */
export interface Reception {
  /** Where it listens, in the order of the configuration. */
  readonly addresses: readonly BoundAddress[];
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
  /** Accepts nothing more. */
  close(): void;
}

/** What a reception needs of its supervisor. */
export interface ReceptionWorld {
  readonly clock: Clock;
  readonly seats: ReadonlyMap<number, Seat>;
  readonly driver: LegDriver;
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
  const { bind } = world.driver;
  return remote && bind !== undefined ? workersAccept(world, bind) : thisProcessAccepts(world);
}

/** The workers accept, one at a time. */
function workersAccept({ seats }: ReceptionWorld, bind: NonNullable<LegDriver["bind"]>): Reception {
  const turns = new Turns(seats);
  const places = new Places<Bound>({
    take: (listener) => bind(listener.host, listener.port),
    begin: (listener, bound) => turns.open(listener.name, bound),
    end: (name) => turns.shut(name),
    drop: (bound) => bound.close(),
    addressOf: ({ host, port }) => ({ host, port }),
  });
  return {
    get addresses() {
      return places.addresses;
    },
    open: (listeners) => places.open(listeners),
    async standing() {
      const failed = await turns.standing();
      const listener = failed === undefined ? undefined : places.configOf(failed.listener);
      if (failed !== undefined && listener !== undefined) throw listenError(listener, failed.error);
    },
    wake: () => turns.wake(),
    passed: (seat, listener, turn, error) => turns.passed(seat, listener, turn, error),
    leave: (seat) => turns.leave(seat),
    close: () => turns.stop(),
  };
}

/** This process accepts, and hands each connection over. */
function thisProcessAccepts(world: ReceptionWorld): Reception {
  const { seats, driver, failed } = world;
  const handover = new Handover(seats, world);
  const places = new Places<Gate>({
    take: (listener) => Gate.take(listener, failed, driver),
    begin: ({ name }, gate) => gate.begin((accepted) => handover.add(name, accepted)),
    end: (_name, gate) => gate.close(),
    drop: (gate) => gate.close(),
    addressOf: ({ entrance }) => entrance.address,
  });
  return {
    get addresses() {
      return places.addresses;
    },
    open: (listeners) => places.open(listeners),
    standing: () => Promise.resolve(),
    wake: () => handover.wake(),
    passed: () => {
      throw new FairleadError("INTERNAL", "an address was passed on that only the supervisor accepts at");
    },
    leave: () => handover.wake(),
    close: () => {
      places.dropAll();
      handover.stop();
    },
  };
}

/** An entrance whose connections wait until the workers know what to do with them. */
class Gate {
  /** Set once it listens. */
  entrance!: Entrance;
  private readonly early: Accepted[] = [];
  private pass: (accepted: Accepted) => void = (accepted) => void this.early.push(accepted);

  /** @throws FairleadError LISTEN_FAILED */
  static async take(listener: ListenerConfig, failed: (error: Error) => void, driver: LegDriver): Promise<Gate> {
    const gate = new Gate();
    gate.entrance = await openEntrance(listener, { connection: (accepted) => gate.pass(accepted), failed }, driver);
    return gate;
  }

  begin(pass: (accepted: Accepted) => void): void {
    this.pass = pass;
    for (const accepted of this.early.splice(0)) pass(accepted);
  }

  close(): void {
    this.entrance.close();
    for (const accepted of this.early.splice(0)) discard(accepted);
  }
}

/** How a reception takes addresses and lets go of them. */
interface PlaceKeeper<Held> {
  /** @throws an error of the system's, or of fairlead's */
  readonly take: (listener: ListenerConfig) => Promise<Held>;
  readonly begin: (listener: ListenerConfig, held: Held) => void;
  readonly end: (name: string, held: Held) => void;
  /** Of what was taken and never begun with. */
  readonly drop: (held: Held) => void;
  readonly addressOf: (held: Held) => { readonly host: string; readonly port: number };
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
    return this.listeners.flatMap(({ name }) => {
      const held = this.held.get(name);
      return held === undefined ? [] : [{ name, ...this.keeper.addressOf(held) }];
    });
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
    return { commit: () => this.commit(listeners, taken), cancel };
  }

  dropAll(): void {
    for (const held of this.held.values()) this.keeper.drop(held);
  }

  private commit(listeners: readonly ListenerConfig[], taken: ReadonlyMap<ListenerConfig, Held>): void {
    const wanted = new Set(listeners.map(({ name }) => name));
    for (const [name, held] of this.held) {
      if (wanted.has(name)) continue;
      this.held.delete(name);
      this.keeper.end(name, held);
    }
    this.listeners = listeners;
    for (const [listener, held] of taken) {
      this.held.set(listener.name, held);
      this.keeper.begin(listener, held);
    }
  }
}
