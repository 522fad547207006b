import type { Socket } from "node:net";
import { dial } from "./dial.ts";
import { frameCounter } from "./frame-counter.ts";
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
  /** What came of the answer's head as long as it is not whole. */
  head: Buffer | undefined;
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
  const socket = dial(goal, {
    opened: () => socket.write(upgradeRequest(target)),
    received(bytes) {
      try {
        if (tunnel.upgraded) take(bytes);
        else if (finishUpgrade(tunnel, bytes, take)) resolve(tunnel);
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
  const tunnel: Tunnel = { socket, times: noTimes(), upgraded: false, ended: false, head: undefined };
  const take = frameCounter(frameBytes(size, false), {
    messages: (count) => events.answered(tunnel, count),
    control: (bytes, at) => control(tunnel, bytes, at),
  });
  return promise;
}

/** True when the answer's head is whole; what came behind it is taken. */
function finishUpgrade(tunnel: Tunnel, chunk: Buffer, take: (bytes: Buffer) => void): boolean {
  const bytes = tunnel.head === undefined ? chunk : Buffer.concat([tunnel.head, chunk]);
  const end = readUpgradeAnswer(bytes);
  tunnel.head = end === 0 ? Buffer.from(bytes) : undefined;
  if (end === 0) return false;
  tunnel.upgraded = true;
  if (bytes.length > end) take(bytes.subarray(end));
  return true;
}

/** A ping of the proxy's own is answered, as every client would; nothing else may come. */
function control(tunnel: Tunnel, bytes: Buffer, at: number): number | undefined {
  const first = bytes[at] ?? 0;
  if (first !== FirstByte.ping)
    throw new Error(`a frame begins with 0x${first.toString(16)}: the answers are not the expected ones`);
  const answered = answerPing(bytes, at, bytes.length, false);
  if (answered !== undefined) tunnel.socket.write(answered.pong);
  return answered?.next;
}
