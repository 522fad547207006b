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
  /**
   * Resolves when clients that connect from now on are waited for.
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
  readonly refused: (listener: number, accepted: Accepted) => void;
}

/**
 * Opens all addresses of a configuration. Connections that come before there is a worker wait.
 *
 * @param remote whether workers are processes of their own
 * @throws FairleadError LISTEN_FAILED for the first address that fails; none is left open then
 */
export function openReception(config: Config, world: ReceptionWorld, remote: boolean): Promise<Reception> {
  const { bind } = world.driver;
  return remote && bind !== undefined ? bindAll(config, world, bind) : listenAtAll(config, world);
}

/** The workers accept, one at a time. */
async function bindAll(
  { listeners }: Config,
  { seats }: ReceptionWorld,
  bind: NonNullable<LegDriver["bind"]>,
): Promise<Reception> {
  const bounds: Bound[] = [];
  for (const listener of listeners) {
    try {
      bounds.push(await bind(listener.host, listener.port));
    } catch (error) {
      for (const bound of bounds) bound.close();
      // What binding throws is an error of the system's.
      throw listenError(listener, error as NodeJS.ErrnoException);
    }
  }
  const turns = new Turns(bounds, seats);
  return {
    addresses: bounds.map(({ host, port }, index) => ({ name: listeners[index]?.name ?? "", host, port })),
    async standing() {
      const failed = await turns.standing();
      const listener = failed === undefined ? undefined : listeners[failed.listener];
      if (failed !== undefined && listener !== undefined) throw listenError(listener, failed.error);
    },
    wake: () => turns.wake(),
    passed: (seat, listener, turn, error) => turns.passed(seat, listener, turn, error),
    leave: (seat) => turns.leave(seat),
    close: () => turns.stop(),
  };
}

/** This process accepts, and hands each connection over. */
async function listenAtAll({ listeners }: Config, world: ReceptionWorld): Promise<Reception> {
  const { seats, driver, failed } = world;
  const handover = new Handover(seats, world);
  const entrances: Entrance[] = [];
  const close = (): void => {
    for (const entrance of entrances) entrance.close();
    handover.stop();
  };
  try {
    for (const [index, listener] of listeners.entries()) {
      const handlers = {
        connection: handover.add.bind(handover, index),
        failed,
      };
      // In order, so that the first address that fails is the one that is named.
      entrances.push(await openEntrance(listener, handlers, driver));
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    addresses: entrances.map(({ config: { name }, address }) => ({ name, ...address })),
    standing: () => Promise.resolve(),
    wake: () => handover.wake(),
    passed: () => {
      throw new FairleadError("INTERNAL", "an address was passed on that only the supervisor accepts at");
    },
    leave: () => handover.wake(),
    close,
  };
}
