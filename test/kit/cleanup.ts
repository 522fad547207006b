import type { TestContext } from "node:test";
import { until } from "./until.ts";

type Cleanup = () => void | Promise<void>;

const stacks = new WeakMap<TestContext, Cleanup[]>();

const SOCKETS = new Set(["TCPSocketWrap", "TLSWrap", "TCPServerWrap"]);

const openSockets = (): number => process.getActiveResourcesInfo().filter((kind) => SOCKETS.has(kind)).length;

const runAll = async (stack: Cleanup[]): Promise<void> => {
  const failures: unknown[] = [];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    try {
      await next();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, "several things could not be put away");
};

/**
 * Registers what is put away at the end of the test, last things first. When all is put away, the process must hold no
 * more sockets than when the test began: whatever was opened by the test, or by the balancer in it, has been closed.
 */
export const lastly = (t: TestContext, cleanup: Cleanup): void => {
  const known = stacks.get(t);
  if (known !== undefined) {
    known.push(cleanup);
    return;
  }
  const stack = [cleanup];
  const before = openSockets();
  stacks.set(t, stack);
  t.after(async () => {
    await runAll(stack);
    await until(() => openSockets() <= before, "no socket is left open after the test");
  });
};
