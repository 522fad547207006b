import { HandleLeg, HandleLegs } from "./handle-leg.ts";
import type { Leg } from "./leg.ts";
import { findStreamBinding, takeHandle } from "./stream-handle.ts";
import type { StreamLeg } from "./stream-leg.ts";

/**
 * How sockets are driven once they are part of a tunnel: `stream` by Node's public streams, `handle` directly by what
 * lies beneath them, `auto` by the handle where this Node has it.
 */
export type SocketDriver = "auto" | "stream" | "handle";

/** Turns the legs of a handshake into those of a tunnel. */
export interface LegDriver {
  readonly name: "stream" | "handle";
  /** The same connection with the same listener, perhaps driven another way. The leg given is not used any more. */
  drive(leg: StreamLeg): Leg;
}

const STREAM_DRIVER: LegDriver = { name: "stream", drive: (leg) => leg };

/**
 * Makes the driver of one worker.
 *
 * @param load gives Node's internal bindings by name (`process.binding`); may throw
 * @returns the public driver where the other one was not asked for, or cannot be had
 */
export function createDriver(wanted: SocketDriver, load: (name: string) => unknown): LegDriver {
  const binding = wanted === "stream" ? undefined : findStreamBinding(load);
  if (binding === undefined) return STREAM_DRIVER;
  const legs = new HandleLegs(binding);
  return {
    name: "handle",
    drive(leg) {
      const handle = takeHandle(leg.socket);
      if (handle === undefined) return leg;
      leg.detach();
      leg.socket.destroy();
      return new HandleLeg(handle, leg.listener, legs);
    },
  };
}
