import type { TunnelOptions } from "../config/index.ts";
import type { FrameSizes, TrackerOptions } from "../websocket/index.ts";

import type { Agreement } from "./tunnel.ts";

/**
 * How frames are read, by where they are counted, the options that tunnels of a route have in common, and what their
 * handshakes agreed on.
 */
const known = new WeakMap<FrameSizes, WeakMap<TunnelOptions, Map<number, TrackerOptions>>>();

/**
 * How the frames of one direction are to be read. Tunnels with the same options and agreement share what this gives.
 *
 * @param masked true for frames that come from the client
 * @param sizes where the frames of this direction are counted
 */
export function trackingOf(
  options: TunnelOptions,
  agreement: Agreement,
  masked: boolean,
  sizes: FrameSizes,
): TrackerOptions {
  const { deflate, foreignExtensions } = agreement;
  const ofRoute = trackingsOf(options, sizes);
  const key = (masked ? 1 : 0) + (deflate ? 2 : 0) + (foreignExtensions ? 4 : 0);
  let tracking = ofRoute.get(key);
  if (tracking === undefined) {
    const { maxMessageSize, transparent } = options;
    const messageBytesMax = maxMessageSize === "off" ? Number.POSITIVE_INFINITY : maxMessageSize;
    tracking = { masked, deflate, foreignExtensions, messageBytesMax, enforce: !transparent, sizes };
    ofRoute.set(key, tracking);
  }
  return tracking;
}

function trackingsOf(options: TunnelOptions, sizes: FrameSizes): Map<number, TrackerOptions> {
  const counted = known.get(sizes) ?? new WeakMap<TunnelOptions, Map<number, TrackerOptions>>();
  known.set(sizes, counted);
  const ofRoute = counted.get(options) ?? new Map<number, TrackerOptions>();
  counted.set(options, ofRoute);
  return ofRoute;
}
