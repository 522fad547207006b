import { OPCODE } from "../kit/frames.ts";
import type { FakeLeg } from "./world.ts";

export const TEXT = { opcode: OPCODE.text, payload: "data" };

/** What a peer may do to any tunnel, whenever it likes. */
export const DEEDS: Readonly<Record<string, (leg: FakeLeg) => void>> = {
  says: (leg) => leg.send(TEXT),
  begins: (leg) => (leg.insideFrame ? leg.complete() : leg.begin(TEXT)),
  completes: (leg) => leg.complete(),
  fragments: (leg) => leg.send({ ...TEXT, fin: false }),
  pings: (leg) => leg.send({ opcode: OPCODE.ping, payload: "?" }),
  closes: (leg) => leg.sendClose(3000),
  "breaks a rule": (leg) => leg.send({ opcode: 5 }),
  "ends its half": (leg) => leg.fin(),
  resets: (leg) => leg.reset(),
  "stops reading": (leg) => void (leg.stalled = true),
  "reads again": (leg) => leg.drain(),
};
