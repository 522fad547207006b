import { FairleadError } from "../base/index.ts";
import type { Clock } from "../base/index.ts";
import type { Config } from "../config/index.ts";
import { listenError, openEntrance } from "../listener/index.ts";
import type { Entrance } from "../listener/index.ts";
import type { Accepted, Bound, LegDriver } from "../wire/index.ts";

import { Handover } from "./handover.ts";
import type { Seat } from "./seat.ts";
import type { BoundAddress } from "./status.ts";
import { Turns } from "./turns.ts";

/** How connections come to workers. */
export interface Reception {
  /** Where it listens, in the order of the configuration. */
  readonly addresses: readonly BoundAddress[];
  /** The descriptors of what it listens at, by the listeners' names; without those that have none, as on Windows. */
  descriptors(): ReadonlyMap<string, number>;
  /**
   * All workers are ready. Resolves when clients that connect from now on are waited for.
   *
   * @throws FairleadError LISTEN_FAILED
   */
  standing(): Promise<void>;
  /** A worker may be able to take more now. */
  wake(): void;
  /** A worker has let go of an address that it accepted at. @param error why, if it is because it could not accept */
  passed(seat: Seat, listener: number, turn: number, error: NodeJS.ErrnoException | undefined): void;
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
  readonly refused: (listener: number, accepted: Accepted) => void;
}

/**
 * Opens all addresses of a configuration. Connections that come before there is a worker wait.
 *
 * @param remote whether workers are processes of their own
 * @throws FairleadError LISTEN_FAILED for the first address that fails; none is left open then
 */
export function openReception(config: Config, world: ReceptionWorld, remote: boolean): Promise<Reception> {
  return remote && world.driver.bind !== undefined ? bindAll(config, world) : listenAtAll(config, world);
}

/** The workers accept, one at a time. */
async function bindAll({ listeners }: Config, { seats, driver, inherited }: ReceptionWorld): Promise<Reception> {
  const bounds: Bound[] = [];
  for (const listener of listeners) {
    try {
      const descriptor = inherited.get(listener.name);
      const bound = descriptor === undefined ? driver.bind?.(listener.host, listener.port) : driver.adopt?.(descriptor);
      if (bound !== undefined) bounds.push(await bound);
    } catch (error) {
      for (const bound of bounds) bound.close();
      // What binding throws is an error of the system's.
      throw listenError(listener, error as NodeJS.ErrnoException);
    }
  }
  const nameOf = (index: number): string => listeners[index]?.name ?? "";
  let turns: Turns | undefined;
  const close = (): void => {
    if (turns !== undefined) turns.stop();
    else for (const bound of bounds) bound.close();
  };
  return {
    addresses: bounds.map(({ host, port }, index) => ({ name: nameOf(index), host, port })),
    descriptors: () => new Map(bounds.map(({ descriptor }, index) => [nameOf(index), descriptor])),
    async standing() {
      turns = new Turns(bounds, seats);
      turns.wake();
      const failed = await turns.standing();
      const listener = failed === undefined ? undefined : listeners[failed.listener];
      if (failed !== undefined && listener !== undefined) throw listenError(listener, failed.error);
    },
    wake: () => turns?.wake(),
    passed: (seat, listener, turn, error) => turns?.passed(seat, listener, turn, error),
    leave: (seat) => turns?.leave(seat),
    settle: () => Promise.resolve(close()),
    close,
  };
}

/** This process accepts, and hands each connection over. */
async function listenAtAll({ listeners }: Config, world: ReceptionWorld): Promise<Reception> {
  const { seats, driver, failed, inherited } = world;
  const handover = new Handover(seats, world);
  const entrances: (Entrance | undefined)[] = listeners.map(() => undefined);
  const opened = (): Entrance[] => entrances.filter((entrance) => entrance !== undefined);
  const stopAccepting = (): void => {
    for (const entrance of opened()) entrance.close();
  };
  const close = (): void => {
    stopAccepting();
    handover.stop();
  };
  // In order, so that the first address that fails is the one that is named.
  const open = async (areInherited: boolean): Promise<void> => {
    for (const [index, listener] of listeners.entries()) {
      const descriptor = inherited.get(listener.name);
      if ((descriptor !== undefined) !== areInherited) continue;
      const handlers = { connection: handover.add.bind(handover, index), failed };
      entrances[index] = await openEntrance(listener, handlers, driver, descriptor);
    }
  };
  try {
    await open(false);
  } catch (error) {
    close();
    throw error;
  }
  return {
    get addresses() {
      return opened().map(({ config: { name }, address }) => ({ name, ...address }));
    },
    descriptors: () => new Map(opened().flatMap(descriptorOf)),
    standing: () => open(true),
    wake: () => handover.wake(),
    passed: () => {
      throw new FairleadError("INTERNAL", "an address was passed on that only the supervisor accepts at");
    },
    leave: () => handover.wake(),
    settle() {
      stopAccepting();
      return handover.emptied();
    },
    close,
  };
}

function descriptorOf({ config: { name }, descriptor }: Entrance): [string, number][] {
  return descriptor === undefined ? [] : [[name, descriptor]];
}
