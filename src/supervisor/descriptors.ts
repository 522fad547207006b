import { readFileSync } from "node:fs";

/** Where Linux says what a process may have. */
const LIMITS_FILE = "/proc/self/limits";

/**
 * How many files and sockets this process may have open. Workers inherit it. Node itself raises the soft limit to the
 * hard one when it starts.
 *
 * @returns undefined where there is no limit, or none can be found out
 */
export function descriptorLimit(): number | undefined {
  try {
    return parseLimits(readFileSync(LIMITS_FILE, "utf8"));
  } catch {
    return reportedLimit();
  }
}

/** The soft limit on open files in the text of `/proc/PID/limits`; undefined when it is unlimited, or not there. */
export function parseLimits(text: string): number | undefined {
  const soft = /^Max open files +(\d+)/m.exec(text)?.[1];
  return soft === undefined ? undefined : Number(soft);
}

/** The soft limit in a diagnostic report of Node; undefined when it is unlimited, or not there. */
export function parseReport(report: unknown): number | undefined {
  const soft = at(at(at(report, "userLimits"), "open_files"), "soft");
  return typeof soft === "number" ? soft : undefined;
}

function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

/** Where there is no such file (macOS), Node's report knows. It is slow, above all with what it tells of the network. */
function reportedLimit(): number | undefined {
  // The types do not know that the network can be left out.
  const report = process.report as typeof process.report & { excludeNetwork?: boolean };
  const { excludeNetwork = false } = report;
  try {
    report.excludeNetwork = true;
    return parseReport(report.getReport());
  } catch {
    return undefined;
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}
