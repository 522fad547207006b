import { performance } from "node:perf_hooks";
import type { Count } from "./count.ts";
import { preparedFrames } from "./frames.ts";
import { pushTime, shiftTime } from "./times.ts";
import type { Tunnel } from "./tunnel.ts";

/** A load at work on open tunnels. */
export interface Driver {
  /** Settled when the load really begins; at once where nothing is said. */
  readonly begun?: Promise<void>;
  /** Called for every read that finished messages. */
  answered(tunnel: Tunnel, messages: number): void;
  /** Sends nothing new. */
  stop(): void;
  /** Messages under way. */
  underWay(): number;
}

/** Counts finished messages, and how long each took. */
export function finish(count: Count, tunnel: Tunnel, messages: number): void {
  const now = performance.now();
  count.add(messages);
  for (let i = 0; i < messages; i += 1) count.latency(now - shiftTime(tunnel.times));
}

/** Every tunnel keeps `inFlight` messages under way; what one read finished is sent anew in one write. */
export function closedLoop(tunnels: readonly Tunnel[], size: number, inFlight: number, count: Count): Driver {
  const frames = preparedFrames(size, true, inFlight);
  const each = frames.length / inFlight;
  let stopped = false;
  let open = 0;
  const send = (tunnel: Tunnel, messages: number): void => {
    const now = performance.now();
    for (let i = 0; i < messages; i += 1) pushTime(tunnel.times, now);
    open += messages;
    tunnel.socket.write(messages === inFlight ? frames : frames.subarray(0, messages * each));
  };
  for (const tunnel of tunnels) send(tunnel, inFlight);
  return {
    answered(tunnel, messages) {
      open -= messages;
      finish(count, tunnel, messages);
      if (!stopped) send(tunnel, messages);
    },
    stop() {
      stopped = true;
    },
    underWay: () => open,
  };
}

/** `active` messages are under way over all tunnels; each answer lets the next tunnel in the ring send. */
export function inTurns(tunnels: readonly Tunnel[], size: number, active: number, count: Count): Driver {
  const frame = preparedFrames(size, true);
  let stopped = false;
  let open = 0;
  let turn = 0;
  const send = (): void => {
    const tunnel = tunnels[turn];
    turn = (turn + 1) % tunnels.length;
    if (tunnel === undefined) return;
    pushTime(tunnel.times, performance.now());
    open += 1;
    tunnel.socket.write(frame);
  };
  for (let i = 0; i < active; i += 1) send();
  return {
    answered(tunnel, messages) {
      open -= messages;
      finish(count, tunnel, messages);
      if (stopped) return;
      for (let i = 0; i < messages; i += 1) send();
    },
    stop() {
      stopped = true;
    },
    underWay: () => open,
  };
}

/** The first tunnel asks, and the backend sends to all; when the last has it, again. A latency is that of a whole round. */
export function fanOut(tunnels: readonly Tunnel[], size: number, count: Count): Driver {
  const frame = preparedFrames(size, true);
  let stopped = false;
  let open = 0;
  let asked = 0;
  const ask = (): void => {
    open = tunnels.length;
    asked = performance.now();
    tunnels[0]?.socket.write(frame);
  };
  ask();
  return {
    answered(_, messages) {
      open -= messages;
      count.add(messages);
      if (open > 0) return;
      count.latency(performance.now() - asked);
      if (!stopped) ask();
    },
    stop() {
      stopped = true;
    },
    underWay: () => open,
  };
}

/** One message on each tunnel, and nothing more. */
export function oneEach(tunnels: readonly Tunnel[], size: number, count: Count): Driver {
  const driver = closedLoop(tunnels, size, 1, count);
  driver.stop();
  return driver;
}

/** Waits for so many messages that come by themselves. */
export function expecting(messages: number): Driver {
  let open = messages;
  return {
    answered(_, more) {
      open -= more;
    },
    stop: () => undefined,
    underWay: () => open,
  };
}

/** For tunnels on which nothing is asked: whatever comes is too much. */
export function silence(lost: (reason: string) => void): Driver {
  return {
    answered: () => lost("a message came though none was asked for"),
    stop: () => undefined,
    underWay: () => 0,
  };
}
