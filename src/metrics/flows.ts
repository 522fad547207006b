import { backendKey } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";

import type { Measures } from "./measures.ts";
import type { Flow } from "./status.ts";

const SECOND_MS = 1_000;
const STILL: Flow = { messages: { fromClient: 0, fromBackend: 0 }, bytes: { fromClient: 0, fromBackend: 0 } };

/** What has been counted of each backend's tunnels, or a second of it. */
type ByBackend = ReadonlyMap<string, Flow>;

/** What tunnels carry a second, by backend: the difference of the latest two samples of what is counted anyway. */
export class Flows {
  private last: { readonly now: Milliseconds; readonly counted: ByBackend } | undefined;
  private rates: ByBackend | undefined;

  /** Takes what has been counted by now, in monotonic time. */
  add(now: Milliseconds, totals: Pick<Measures["totals"], "messages" | "bytes">): void {
    const { last } = this;
    if (last !== undefined && now <= last.now) return;
    const counted = countsOf(totals);
    this.last = { now, counted };
    if (last === undefined) return;
    const seconds = (now - last.now) / SECOND_MS;
    this.rates = new Map([...counted].map(([key, after]) => [key, rateOf(last.counted.get(key), after, seconds)]));
  }

  /** What the tunnels of a backend carried in the latest stretch; null before the second sample. */
  of(pool: string, backend: string): Flow | null {
    return this.rates === undefined ? null : (this.rates.get(backendKey(pool, backend)) ?? STILL);
  }
}

function countsOf(totals: Pick<Measures["totals"], "messages" | "bytes">): ByBackend {
  const found = new Map<string, Flow>();
  for (const what of ["messages", "bytes"] as const) {
    for (const [[pool = "", backend = "", direction], count] of totals[what]) {
      const before = found.get(backendKey(pool, backend)) ?? STILL;
      const side = direction === "from_client" ? "fromClient" : "fromBackend";
      found.set(backendKey(pool, backend), {
        ...before,
        [what]: { ...before[what], [side]: before[what][side] + count },
      });
    }
  }
  return found;
}

/** To the hundredth. Counts of a worker that crashed may be lost; no rate is below 0 for that. */
function rateOf(before: Flow = STILL, after: Flow, seconds: number): Flow {
  const rate = (what: "messages" | "bytes", side: "fromClient" | "fromBackend"): number =>
    Math.round((Math.max(0, after[what][side] - before[what][side]) / seconds) * 100) / 100;
  const both = (what: "messages" | "bytes"): Flow["messages"] => ({
    fromClient: rate(what, "fromClient"),
    fromBackend: rate(what, "fromBackend"),
  });
  return { messages: both("messages"), bytes: both("bytes") };
}
