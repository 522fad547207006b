import type { Socket } from "node:net";
import { dial } from "./dial.ts";
import { answerPing, FirstByte, frameBytes } from "./frames.ts";
import { readUpgradeAnswer, upgradeRequest } from "./handshake.ts";
import type { Goal } from "./protocol.ts";
import { noTimes, type Times } from "./times.ts";

/** One client's WebSocket. */
export interface Tunnel {
  readonly socket: Socket;
  /** Starts of the messages that wait for their answer. */
  readonly times: Times;
  upgraded: boolean;
  /** The end is wanted. */
  ended: boolean;
  /** Bytes of the answer under way that are still to come. */
  remaining: number;
  /** What came of a head or a ping that is not whole. */
  pending: Buffer | undefined;
}

/** What tunnels tell the load. */
export interface TunnelEvents {
  answered(tunnel: Tunnel, messages: number): void;
  /** It ended though nobody here wanted that. */
  lost(reason: string): void;
}

/** Opens a tunnel whose messages have `size` bytes, and waits for the 101. */
export async function openTunnel(goal: Goal, target: string, size: number, events: TunnelEvents): Promise<Tunnel> {
  const { promise, resolve, reject } = Promise.withResolvers<Tunnel>();
  const whole = frameBytes(size, false);
  const socket = dial(goal, {
    opened: () => socket.write(upgradeRequest(target)),
    received(bytes) {
      try {
        if (tunnel.upgraded) receive(tunnel, bytes, whole, events);
        else if (finishUpgrade(tunnel, bytes, whole, events)) resolve(tunnel);
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    },
    closed(error) {
      const reason = error?.message ?? "the connection was closed";
      if (tunnel.ended) return;
      if (tunnel.upgraded) events.lost(reason);
      else reject(new Error(`a tunnel could not be opened: ${reason}`));
    },
  });
  const tunnel: Tunnel = { socket, times: noTimes(), upgraded: false, ended: false, remaining: 0, pending: undefined };
  return promise;
}

function finishUpgrade(tunnel: Tunnel, chunk: Buffer, whole: number, events: TunnelEvents): boolean {
  const bytes = tunnel.pending === undefined ? chunk : Buffer.concat([tunnel.pending, chunk]);
  const end = readUpgradeAnswer(bytes);
  tunnel.pending = end === 0 ? Buffer.from(bytes) : undefined;
  if (end === 0) return false;
  tunnel.upgraded = true;
  if (bytes.length > end) receive(tunnel, bytes.subarray(end), whole, events);
  return true;
}

/** Counts the bytes of equal frames; only a frame's first byte is looked at. */
function receive(tunnel: Tunnel, chunk: Buffer, whole: number, events: TunnelEvents): void {
  const bytes = tunnel.pending === undefined ? chunk : Buffer.concat([tunnel.pending, chunk]);
  tunnel.pending = undefined;
  let { remaining } = tunnel;
  let messages = 0;
  for (let at = 0; at < bytes.length;) {
    if (remaining === 0) {
      if (bytes[at] !== FirstByte.binary) {
        at = control(tunnel, bytes, at);
        continue;
      }
      remaining = whole;
    }
    const take = Math.min(remaining, bytes.length - at);
    remaining -= take;
    at += take;
    if (remaining === 0) messages += 1;
  }
  tunnel.remaining = remaining;
  if (messages > 0) events.answered(tunnel, messages);
}

/** A ping of the proxy's own is answered, as every client would; nothing else may come. */
function control(tunnel: Tunnel, bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  if (first !== FirstByte.ping)
    throw new Error(`a frame begins with 0x${first.toString(16)}: the answers are not the expected ones`);
  const answered = answerPing(bytes, at, bytes.length, false);
  if (answered === undefined) {
    tunnel.pending = Buffer.from(bytes.subarray(at));
    return bytes.length;
  }
  tunnel.socket.write(answered.pong);
  return answered.next;
}
