import type { Leg } from "./leg.ts";
import { findStreamBinding, takeHandles } from "./stream-handle.ts";
import type { StreamLeg } from "./stream-leg.ts";
import { SharedByLegs, TcpLeg } from "./tcp-leg.ts";
import { TlsLeg } from "./tls-leg.ts";

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
  const shared = new SharedByLegs(binding);
  return {
    name: "handle",
    drive(leg) {
      const taken = takeHandles(leg.socket);
      if (taken === undefined) {
        leg.copies = true;
        return leg;
      }
      leg.detach();
      leg.socket.destroy();
      const { tcp, tls } = taken;
      if (tls === undefined) return new TcpLeg(tcp, leg.listener, shared);
      return new TlsLeg(tls, tcp, leg.listener, binding, shared.buffer);
    },
  };
}
