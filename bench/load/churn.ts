import type { Count } from "./count.ts";
import { dial } from "./dial.ts";
import type { Driver } from "./driver.ts";
import { closeFrame, FirstByte } from "./frames.ts";
import { readUpgradeAnswer, upgradeRequest } from "./handshake.ts";
import type { Goal } from "./protocol.ts";

const CLOSE = closeFrame(true);
const REQUEST = upgradeRequest("/echo?size=64");

/** Connects, upgrades, closes with the closing handshake, and begins again; `concurrency` at a time. */
export function churn(goal: Goal, concurrency: number, count: Count, lost: (reason: string) => void): Driver {
  let stopped = false;
  let open = 0;
  const begin = (): void => {
    open += 1;
    const started = performance.now();
    visit(goal, (problem) => {
      open -= 1;
      if (problem === undefined) {
        count.add(1);
        count.latency(performance.now() - started);
      } else lost(problem);
      if (!stopped && problem === undefined) begin();
    });
  };
  for (let i = 0; i < concurrency; i += 1) begin();
  return {
    answered: () => undefined,
    stop() {
      stopped = true;
    },
    underWay: () => open,
  };
}

/** One connection's life; `done` is told what was wrong with it. */
function visit(goal: Goal, done: (problem: string | undefined) => void): void {
  let pending: Buffer | undefined;
  let upgraded = false;
  let closed = false;
  const socket = dial(goal, {
    opened: () => socket.write(REQUEST),
    received(chunk) {
      let bytes = pending === undefined ? chunk : Buffer.concat([pending, chunk]);
      pending = undefined;
      try {
        if (!upgraded) {
          const end = readUpgradeAnswer(bytes);
          if (end === 0) {
            pending = Buffer.from(bytes);
            return;
          }
          upgraded = true;
          socket.write(CLOSE);
          bytes = bytes.subarray(end);
        }
        if (bytes.length > 0 && bytes[0] === FirstByte.close) closed = true;
        // The server ends the connection first (RFC 6455 section 7.1.1), so no client port has to wait.
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    },
    closed(error) {
      if (closed) done(undefined);
      else done(error?.message ?? `the connection ended ${upgraded ? "without a Close" : "before the 101"}`);
    },
  });
}
