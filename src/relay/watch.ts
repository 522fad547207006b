import type { Milliseconds, Random } from "../base/index.ts";
import type { HeartbeatOptions } from "../config/index.ts";

import type { Side } from "./side.ts";
import type { EndCause } from "./truth.ts";
import type { Tunnel } from "./tunnel.ts";

/** Shortest time between two looks at a tunnel. */
const LOOK_INTERVAL_MIN_MS = 100;
/** When a heartbeat is due but the stream to the leg is inside a frame, it is tried again after this. */
const PING_RETRY_MS = 1_000;

/**
 * What is watched over while a tunnel is open: heartbeats, idleness, age and writers without progress.
 *
 * The data path leaves only a coarse time and counters; everything is worked out from them when the wheel asks.
 */
export class Watch {
  private readonly tunnel: Tunnel;
  private readonly endOfLife: Milliseconds;
  private activity = 0;
  private activeAt: Milliseconds;

  constructor(tunnel: Tunnel, random: Random) {
    this.tunnel = tunnel;
    const { lifetime, lifetimeJitter } = tunnel.options;
    const now = tunnel.now;
    this.activeAt = now;
    this.endOfLife = lifetime === "off" ? Number.POSITIVE_INFINITY : now + lifetime * (1 - lifetimeJitter * random());
  }

  /** Looks after the tunnel: sends what heartbeats are due. Returns why it has to end, if it has to. */
  look(now: Milliseconds): EndCause | undefined {
    const { client, backend, options } = this.tunnel;
    if (now >= this.endOfLife) return "lifetime";
    if (options.idleTimeout !== "off" && now - this.lastActivity() >= options.idleTimeout) return "idle";
    if (this.isStalled(client, now)) return "client-stalled";
    // A backend that is being left is judged by what the move gives it time for.
    const { isMoving } = this.tunnel;
    if (!isMoving && this.isStalled(backend, now)) return "backend-stalled";
    if (options.heartbeat === "off" || options.transparent) return undefined;
    if (isSilent(client, options.heartbeat, now)) return "client-silent";
    if (!isMoving && isSilent(backend, options.heartbeat, now)) return "backend-silent";
    return undefined;
  }

  /** Time since the last data in either direction. */
  idleMs(now: Milliseconds): Milliseconds {
    return now - this.lastActivity();
  }

  /** Time until the next look. */
  nextDelay(now: Milliseconds): Milliseconds {
    const { client, backend, options } = this.tunnel;
    let next = Math.min(this.endOfLife, now + options.writeTimeout / 2);
    if (options.idleTimeout !== "off") next = Math.min(next, this.activeAt + options.idleTimeout);
    if (options.heartbeat !== "off" && !options.transparent) {
      next = Math.min(next, heartbeatDue(client, options.heartbeat, now));
      if (!this.tunnel.isMoving) next = Math.min(next, heartbeatDue(backend, options.heartbeat, now));
    }
    return Math.max(LOOK_INTERVAL_MIN_MS, next - now);
  }

  /** Coarse time of the last data frame. Pings and pongs are no data; one that came just behind data may be counted in. */
  private lastActivity(): Milliseconds {
    const { client, backend } = this.tunnel;
    const activity = dataSeen(client) + dataSeen(backend);
    if (activity !== this.activity) {
      this.activity = activity;
      this.activeAt = Math.max(client.lastHeard, backend.lastHeard);
    }
    return this.activeAt;
  }

  /** Whether what waits to be written to a leg has not moved for the write timeout. */
  private isStalled(side: Side, now: Milliseconds): boolean {
    const { backlog } = side.leg;
    if (backlog === 0 || backlog !== side.backlogSeen) {
      side.backlogSeen = backlog;
      side.backlogSince = now;
      return false;
    }
    return now - side.backlogSince >= this.tunnel.options.writeTimeout;
  }
}

/** Grows with every data frame, and with every byte of one that is still under way. */
function dataSeen(side: Side): number {
  const { bytesToBoundary, messages, payloadBytes } = side.tracker;
  // Of a stream that cannot be read any more every byte has to count.
  return bytesToBoundary === Number.POSITIVE_INFINITY ? side.bytes : payloadBytes - bytesToBoundary + messages;
}

/** Sends a heartbeat when it is due; true when the last one was not followed by any sign of life. */
function isSilent(side: Side, heartbeat: HeartbeatOptions, now: Milliseconds): boolean {
  // A leg that we do not read from cannot show that it lives.
  if (side.paused) return false;
  if (side.pingSentAt > 0 && !side.heardSincePing) return now - side.pingSentAt >= heartbeat.timeout;
  side.pingSentAt = 0;
  const due = now - side.lastHeard >= heartbeat.interval;
  if (due && side.atBoundary && side.leg.backlog === 0) side.ping();
  return false;
}

function heartbeatDue(side: Side, heartbeat: HeartbeatOptions, now: Milliseconds): Milliseconds {
  // It is not judged before it is read from again, and has its time anew then.
  if (side.paused) return now + heartbeat.interval;
  if (side.pingSentAt > 0) return side.pingSentAt + heartbeat.timeout;
  const due = side.lastHeard + heartbeat.interval;
  return due > now ? due : now + Math.min(PING_RETRY_MS, heartbeat.interval);
}
