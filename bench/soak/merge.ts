import type { ClientsReport } from "./protocol.ts";

/** Adds up what several processes have seen, or one at several times. */
export function mergeReports(reports: readonly ClientsReport[]): ClientsReport {
  const counts: Record<string, number> = {};
  for (const report of reports)
    for (const [what, count] of Object.entries(report.counts)) counts[what] = (counts[what] ?? 0) + count;
  return {
    counts,
    complaints: reports.flatMap(({ complaints }) => complaints),
    losses: reports.flatMap(({ losses }) => losses),
    failures: reports.flatMap(({ failures }) => failures),
    finished: reports.flatMap(({ finished }) => finished),
  };
}
