import assert from "node:assert/strict";
import type { Socket } from "node:net";
import type { TestContext } from "node:test";
import { StreamLeg } from "../../src/wire/index.ts";
import type { Leg, LegDriver, LegListener } from "../../src/wire/index.ts";
import { lastly } from "../kit/cleanup.ts";
import { DRIVERS } from "../kit/drivers.ts";
import { until } from "../kit/until.ts";
import { WIRES } from "./wires.ts";
import type { Ends, Wire } from "./wires.ts";

/** A leg, and what became of it. */
export interface Story extends Ends {
  readonly leg: Leg;
  /** What the leg's owner was told, in order. */
  readonly told: string[];
  readonly listener: LegListener;
}

/** An owner who writes down what it is told. */
export const listenerOf = (told: string[]): LegListener => ({
  onBytes: (bytes) => void told.push(Buffer.from(bytes).toString()),
  onEnd: () => void told.push("<end>"),
  onDrain: () => void told.push("<drain>"),
  onClosed: (error) => void told.push(error === undefined ? "<closed>" : "<broken>"),
});

/** Every kind of connection, driven both ways. */
export const WAYS: readonly (readonly [LegDriver, Wire])[] = DRIVERS.flatMap((driver) =>
  WIRES.map((wire) => [driver, wire] as const),
);

/** Drives our end, and sees that it is driven as it should be. */
const legOf = (t: TestContext, driver: LegDriver, socket: Socket, told: string[]): Leg => {
  const streams = new StreamLeg(socket, listenerOf(told));
  const leg = driver.drive(streams);
  assert.equal(leg === streams, driver.name === "stream");
  lastly(t, () => leg.destroy());
  return leg;
};

/** Opens a connection and makes a leg of our end. */
export const openLeg = async (t: TestContext, driver: LegDriver, wire: Wire): Promise<Story> => {
  const ends = await wire.open(t);
  const told: string[] = [];
  const leg = legOf(t, driver, ends.socket, told);
  return { ...ends, leg, told, listener: leg.listener };
};

/** Waits until the owner was told this, and nothing else. */
export const comesTo = (told: readonly string[], all: string): Promise<void> =>
  until(() => told.join("") === all, `${all}, not ${told.join("").slice(0, 80)}`);
