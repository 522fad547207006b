import type { Socket } from "node:net";
import type { Count } from "./count.ts";
import { dial } from "./dial.ts";
import type { Driver } from "./driver.ts";
import { PLAIN_REQUEST, plainAnswerBytes } from "./handshake.ts";
import type { Goal } from "./protocol.ts";

/** The small GET, one at a time on each of `connections`; a connection that the proxy ends between two is replaced. */
export function httpLoop(goal: Goal, connections: number, count: Count, lost: (reason: string) => void): Driver {
  const state = { stopped: false, open: 0, sockets: new Set<Socket>() };
  for (let i = 0; i < connections; i += 1) keepAlive(goal, count, state, lost);
  return {
    answered: () => undefined,
    stop() {
      state.stopped = true;
    },
    underWay() {
      // Nothing else ends these connections.
      if (state.stopped && state.open === 0) for (const socket of state.sockets) socket.destroy();
      return state.open;
    },
  };
}

interface State {
  stopped: boolean;
  open: number;
  readonly sockets: Set<Socket>;
}

function keepAlive(goal: Goal, count: Count, state: State, lost: (reason: string) => void): void {
  let pending: Buffer | undefined;
  let waiting = false;
  /** http-proxy as it comes ends every connection after one answer. */
  let once: boolean | undefined;
  let started = 0;
  const ask = (): void => {
    started = performance.now();
    waiting = true;
    state.open += 1;
    socket.write(PLAIN_REQUEST);
  };
  const socket = dial(goal, {
    opened: ask,
    received(chunk) {
      const bytes = pending === undefined ? chunk : Buffer.concat([pending, chunk]);
      pending = undefined;
      try {
        const whole = plainAnswerBytes(bytes, 0);
        if (whole === undefined || whole > bytes.length) {
          pending = Buffer.from(bytes);
          return;
        }
        if (whole < bytes.length) throw new Error("an answer is longer than it should be");
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
        return;
      }
      once ??= /^connection: *close/im.test(chunk.toString("latin1"));
      waiting = false;
      state.open -= 1;
      count.add(1);
      count.latency(performance.now() - started);
      if (!state.stopped && !once) ask();
    },
    closed(error) {
      state.sockets.delete(socket);
      if (waiting) state.open -= 1;
      if (state.stopped) return;
      // A proxy may end a connection after an answer (nginx does after 1,000); the next request may be on its way by then.
      if (error !== undefined && !isEnd(error)) lost(error.message);
      else keepAlive(goal, count, state, lost);
    },
  });
  state.sockets.add(socket);
}

const isEnd = (error: NodeJS.ErrnoException): boolean => error.code === "ECONNRESET" || error.code === "EPIPE";
