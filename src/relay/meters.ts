import type { Milliseconds } from "../base/index.ts";
import { newFrameSizes } from "../websocket/index.ts";
import type { FrameSizes } from "../websocket/index.ts";

/** What all tunnels of a worker count together of one kind of leg. */
export interface LegMeter {
  /** Data frames that came from such legs. */
  readonly frameSizes: FrameSizes;
  /** A heartbeat has come back. */
  heartbeat(rtt: Milliseconds): void;
}

/** What all tunnels of a worker count together. */
export interface RelayMeters {
  readonly client: LegMeter;
  readonly backend: LegMeter;
}

/** Meters that nobody reads. */
export function unreadMeters(): RelayMeters {
  return {
    client: { frameSizes: newFrameSizes(), heartbeat() {} },
    backend: { frameSizes: newFrameSizes(), heartbeat() {} },
  };
}
