import { effect, untracked } from "@preact/signals";
import type { AdminEvent, Move, Sample, TunnelPage } from "../admin/index.ts";
import { ApiError, call, list, request, signIn } from "./api.ts";
import { mergeSamples, PLOT_SPAN } from "./series.ts";
import * as store from "./store.ts";
import type { Instance } from "./store.ts";
import { eventReader } from "./stream.ts";

/** Milliseconds between two looks. */
const STATUS_INTERVAL = 2_000;
const MOVE_INTERVAL = 1_000;
const HISTORY_INTERVAL = 5_000;
/** Until a stream of events that has ended is asked for again. */
const STREAM_INTERVAL = 2_000;
/** Events that are kept. */
const MAX_EVENTS = 200;

/** Keeps the store as the API says, as long as the tab is seen and the API lets us. */
export function startFeed(): void {
  let stop: AbortController | undefined;
  const wake = (): void => {
    stop?.abort();
    stop = undefined;
    if (signIn.value !== "no") return;
    if (document.hidden) {
      store.link.value = "paused";
      return;
    }
    stop = new AbortController();
    const { signal } = stop;
    void repeat(lookAtStatus, () => STATUS_INTERVAL, signal);
    void repeat(lookAtMoves, () => (store.runningMoves.value.length > 0 ? MOVE_INTERVAL : STATUS_INTERVAL), signal);
    void repeat(lookAtHistory, () => HISTORY_INTERVAL, signal);
    void repeat(lookAtTunnels, () => STATUS_INTERVAL, signal);
    void repeat(
      () => listenToEvents(signal),
      () => STREAM_INTERVAL,
      signal,
    );
  };
  document.addEventListener("visibilitychange", wake);
  effect(() => {
    if (signIn.value === "no") untracked(wake);
    else stop?.abort();
  });
  effect(() => {
    // What is asked for has changed: the table follows at once.
    void [store.searchQuery.value, store.tunnelSort.value, store.tunnelOffset.value];
    if (untracked(() => signIn.value === "no" && !document.hidden)) void lookAtTunnels().catch(() => undefined);
  });
}

/** Looks again and again; what goes wrong is told by the status, and tried anew the next time. */
async function repeat(look: () => Promise<void>, interval: () => number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await look().catch(() => undefined);
    await pause(interval(), signal);
  }
}

/** Ends early when it is not waited for any more. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}

let previous: { readonly at: number; readonly opened: ReadonlyMap<string, number> } | undefined;

/** Asks for the status now; also after an action, so that its effect is seen at once. */
export async function lookAtStatus(): Promise<void> {
  try {
    const now = await call<Instance>("GET", "status");
    store.openRates.value = ratesOf(now);
    store.status.value = now;
    store.link.value = "live";
    store.linkError.value = "";
  } catch (error) {
    store.link.value = "lost";
    store.linkError.value = error instanceof ApiError ? error.message : String(error);
    throw error;
  }
}

function ratesOf({ pools }: Instance): ReadonlyMap<string, number> {
  const at = performance.now();
  const opened = new Map(
    pools.flatMap(({ name, backends }) => backends.map((backend) => [store.key(name, backend.name), backend.tunnels])),
  );
  const before = previous;
  previous = { at, opened };
  if (before === undefined) return new Map();
  const seconds = Math.max(0.1, (at - before.at) / 1000);
  return new Map(
    [...opened].map(([key, total]) => [key, Math.max(0, total - (before.opened.get(key) ?? total)) / seconds]),
  );
}

/** Asks for the moves now. */
export async function lookAtMoves(): Promise<void> {
  const [drains, rebalances] = await Promise.all([list<Move>("drains"), list<Move>("rebalances")]);
  store.moves.value = [...drains, ...rebalances].toSorted((a, b) => Date.parse(b.started) - Date.parse(a.started));
}

async function lookAtHistory(): Promise<void> {
  const latest = store.samples.value.at(-1)?.time;
  const since = latest === undefined ? Date.now() - PLOT_SPAN : Date.parse(latest);
  const more = await list<Sample>(`history?since=${since}`);
  store.samples.value = mergeSamples(store.samples.value, more);
}

let asked = 0;

/** Asks for the page of tunnels now. Of two answers the one to the later question counts. */
export async function lookAtTunnels(): Promise<void> {
  asked += 1;
  const mine = asked;
  const { by, descending } = store.tunnelSort.value;
  const query = new URLSearchParams(store.searchQuery.value);
  query.set("sort", `${descending ? "-" : ""}${by}`);
  query.set("offset", String(store.tunnelOffset.value));
  query.set("limit", String(store.PAGE_SIZE));
  try {
    const page = await call<TunnelPage>("GET", `tunnels?${query.toString()}`);
    if (mine !== asked) return;
    store.tunnelPage.value = page;
    store.tunnelError.value = "";
    // Tunnels have ended, and the page with them: the last one that there is.
    if (page.offset > 0 && page.offset >= page.total) {
      store.tunnelOffset.value = Math.max(0, Math.ceil(page.total / store.PAGE_SIZE) - 1) * store.PAGE_SIZE;
    }
  } catch (error) {
    if (mine === asked)
      store.tunnelError.value =
        error instanceof ApiError ? [error.message, ...error.problems].join(" ") : String(error);
    throw error;
  }
}

/** Reads the stream of events until it ends. By hand, since the browser's own reader sends no token. */
async function listenToEvents(signal: AbortSignal): Promise<void> {
  const [latest] = store.events.value;
  // Numbers begin anew with each instance.
  const last = latest !== undefined && latest.time >= (store.status.value?.started ?? "") ? latest : undefined;
  const response = await request("GET", "events", {
    signal,
    headers: { Accept: "text/event-stream", ...(last === undefined ? {} : { "Last-Event-ID": String(last.id) }) },
  });
  if (response.body === null) return;
  const read = eventReader(({ data }) => {
    // What the API says is described by the types of src/admin, and tested there.
    const event = JSON.parse(data) as AdminEvent;
    const known = store.events.value.some(({ id, time }) => id === event.id && time === event.time);
    if (!known) store.events.value = [event, ...store.events.value].slice(0, MAX_EVENTS);
  });
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read())
    read(decoder.decode(part.value, { stream: true }));
}
