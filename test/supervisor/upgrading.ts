/** Having a running process replaced by a new one. */
import type { TestContext } from "node:test";

import { lastly } from "../kit/cleanup.ts";
import { until } from "../kit/until.ts";
import { isAlive } from "./command.ts";
import type { Fairlead, Line } from "./command.ts";

/** What instances have logged; a new one that fails writes lines for people beside that. */
export const logLines = ({ lines }: Fairlead): Line[] =>
  lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Line); // its own

const named = (fairlead: Fairlead, message: string): Line[] => logLines(fairlead).filter(({ msg }) => msg === message);

/** Ends a process that is nobody's child any more, at the end of the test. */
export const killLastly = (t: TestContext, pid: number): void => {
  lastly(t, async () => {
    if (!isAlive(pid)) return;
    process.kill(pid, "SIGKILL");
    await until(() => !isAlive(pid), `${pid} is gone`);
  });
};

/** Has a process replaced, waits until the new one serves, and gives its process. */
export const upgrade = async (t: TestContext, fairlead: Fairlead, pid: number): Promise<number> => {
  const before = named(fairlead, "a new instance has taken over; draining").length;
  const begun = named(fairlead, "upgrade: a new instance is starting").length;
  process.kill(pid, "SIGUSR2");
  await until(() => named(fairlead, "upgrade: a new instance is starting").length > begun, "a new instance starts");
  // Whatever becomes of the test.
  killLastly(t, Number(named(fairlead, "upgrade: a new instance is starting").at(-1)?.["pid"]));
  await until(
    () => named(fairlead, "a new instance has taken over; draining").length > before,
    "a new instance has taken over",
  );
  return Number(named(fairlead, "a new instance has taken over; draining").at(-1)?.["successor"]);
};
