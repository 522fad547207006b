import { answerCalls } from "./answering.ts";
import { checkEcho, checkPlain } from "./check.ts";
import { churn } from "./churn.ts";
import { createCount } from "./count.ts";
import { closedLoop, type Driver, expecting, fanOut, inTurns, oneEach, silence } from "./driver.ts";
import { httpLoop } from "./http-loop.ts";
import { openLoop } from "./open-loop.ts";
import type { GeneratorCalls, Goal, Load } from "./protocol.ts";
import { openTunnel, type Tunnel } from "./tunnel.ts";

/** The load generator, a process of its own: raw sockets and prepared frames, told over IPC what to do. */

/** Tunnels that are opened at a time: no proxy's backlog overflows. */
const OPENING = 64;
/** How long a load that stops may wait for its last answers, in milliseconds. */
const STOP_TIMEOUT = 10_000;
/** How often it looks, in milliseconds. */
const STOP_INTERVAL = 5;

const count = createCount();
let tunnels: Tunnel[] = [];
let failure: string | undefined;

const lost = (reason: string): void => {
  failure ??= reason;
};
let driver: Driver = silence(lost);
const events = {
  answered: (tunnel: Tunnel, messages: number): void => driver.answered(tunnel, messages),
  lost,
};

const sleep = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });

/** Throws what went wrong since the last time somebody asked. */
function complain(): void {
  const reason = failure;
  failure = undefined;
  if (reason !== undefined) throw new Error(reason);
}

async function settled(): Promise<void> {
  const deadline = performance.now() + STOP_TIMEOUT;
  while (driver.underWay() > 0 && failure === undefined && performance.now() < deadline) await sleep(STOP_INTERVAL);
  complain();
  const missing = driver.underWay();
  if (missing > 0) throw new Error(`${missing} answers did not come within ${STOP_TIMEOUT / 1000} s`);
}

function driverOf(goal: Goal, load: Load): Driver {
  switch (load.kind) {
    case "closed":
      return closedLoop(tunnels, load.size, load.inFlight, count);
    case "turns":
      return inTurns(tunnels, load.size, load.active, count);
    case "open":
      return openLoop(tunnels, load.size, load.rate, count);
    case "fan-out":
      return fanOut(tunnels, load.size, count);
    case "churn":
      return churn(goal, load.concurrency, count, lost);
    case "http":
      return httpLoop(goal, load.connections, count, lost);
  }
}

const calls: GeneratorCalls = {
  async check({ goal, sizes, plain }) {
    await checkEcho(goal, sizes);
    if (plain) await checkPlain(goal);
  },

  async open({ goal, count: wanted, size, fanOut: all = false }) {
    const target = `/${all ? "fan-out" : "echo"}?size=${size}`;
    let missing = wanted - tunnels.length;
    // A proxy may say 101 before the backend does; who is greeted is part of the group.
    if (all) driver = expecting(missing);
    const work = async (): Promise<void> => {
      while (missing > 0) {
        missing -= 1;
        tunnels.push(await openTunnel(goal, target, size, events));
      }
    };
    await Promise.all(Array.from({ length: OPENING }, work));
    await settled();
    driver = silence(lost);
  },

  async start({ goal, load }) {
    count.mark();
    driver = driverOf(goal, load);
    if (driver.begun === undefined) return;
    await driver.begun;
    count.mark();
  },

  async once({ size }) {
    driver = oneEach(tunnels, size, count);
    await settled();
    driver = silence(lost);
  },

  async mark({ idle = false }) {
    complain();
    const mark = count.mark();
    if (!idle && mark.units === 0) throw new Error(`nothing moved in ${mark.seconds.toFixed(1)} s`);
    return mark;
  },

  async stop() {
    driver.stop();
    await settled();
    driver = silence(lost);
  },

  async close() {
    driver.stop();
    driver = silence(lost);
    for (const tunnel of tunnels) {
      tunnel.ended = true;
      tunnel.socket.destroy();
    }
    tunnels = [];
    failure = undefined;
  },
};

answerCalls(calls);
