import { z } from "zod";

import type { Milliseconds } from "../../base/index.ts";
import type { AdminClient } from "../admin-client.ts";
import { AdminError } from "../admin-error.ts";
import { sampleSchema, type SampleView, statusSchema, tunnelPageSchema } from "../admin-shapes.ts";
import { takeInterrupts } from "../interrupt.ts";
import type { Io } from "../io.ts";
import { cancelMoves } from "../moves.ts";
import type { Terminal } from "../terminal.ts";
import { pressKey, readKeys } from "./keys.ts";
import { type Action, createModel, type Model, type Snapshot, withSnapshot } from "./model.ts";
import { render } from "./render.ts";
import { enterScreen } from "./screen.ts";

/** Between two looks at the instance. */
export const REFRESH_INTERVAL: Milliseconds = 1_000;

/** Tunnels that are asked for; more than anybody scrolls through. */
const TUNNELS_LIMIT = 200;
/** Of the history, the last stretch alone is shown. */
const HISTORY_SPAN: Milliseconds = 60_000;

/**
 * Shows an instance until somebody has seen enough.
 *
 * @throws AdminError when the first look fails; later it is waited for
 */
export async function runSession(client: AdminClient, terminal: Terminal, io: Io): Promise<void> {
  let model = withSnapshot(createModel(client.address), await look(client, createModel(client.address)));
  const interrupt = takeInterrupts(io.signals);
  const screen = enterScreen(terminal, (io.env["NO_COLOR"] ?? "") === "");
  const end = Promise.withResolvers<undefined>();
  const draw = (): void => screen.draw(render(model, terminal.size()));
  const show = (next: Model): void => {
    model = next;
    draw();
  };
  let looking = 0;
  const refresh = async (): Promise<void> => {
    looking += 1;
    try {
      const snapshot = await look(client, model);
      // What keys have changed meanwhile stays.
      show(withSnapshot(model, snapshot));
    } catch (error) {
      show({ ...model, lost: said(error) });
    } finally {
      looking -= 1;
    }
  };
  const act = async (action: Action): Promise<void> => {
    try {
      const message = await perform(client, action);
      show({ ...model, message });
    } catch (error) {
      show({ ...model, message: said(error) });
    }
    await refresh();
  };
  const press = (key: string): void => {
    const { model: next, action, look: again = false, quit = false } = pressKey(model, key);
    show(next);
    if (quit) end.resolve(undefined);
    else if (action !== undefined) void act(action);
    else if (again) void refresh();
  };
  interrupt.signal.addEventListener("abort", () => end.resolve(undefined));
  const releases = [terminal.onKeys((bytes) => readKeys(bytes).forEach(press)), terminal.onResize(draw)];
  const timer = setInterval(() => {
    if (!model.paused && looking === 0) void refresh();
  }, REFRESH_INTERVAL);
  try {
    draw();
    await end.promise;
  } finally {
    clearInterval(timer);
    screen.leave();
    for (const release of releases) release();
    interrupt.release();
  }
}

async function look(client: AdminClient, { view, tunnelOrder, reversed }: Model): Promise<Snapshot> {
  const sort = `${reversed ? "" : "-"}${tunnelOrder}`;
  const [status, samples, page] = await Promise.all([
    client.read(statusSchema, ["status"]),
    history(client),
    view === "tunnels"
      ? client.read(tunnelPageSchema, ["tunnels"], { query: { sort, limit: TUNNELS_LIMIT } })
      : { total: 0, tunnels: [] },
  ]);
  const sample = samples.at(-1);
  const { tunnels, total } = page;
  return { at: performance.now(), wall: Date.now(), status, sample, tunnels, tunnelsTotal: total };
}

/** Rates of frames are worth showing, and not worth failing for. */
async function history(client: AdminClient): Promise<readonly SampleView[]> {
  const since = new Date(Date.now() - HISTORY_SPAN).toISOString();
  try {
    return await client.read(z.array(sampleSchema), ["history"], { query: { since } });
  } catch (error) {
    if (error instanceof AdminError && error.code !== "ADMIN_UNREACHABLE") return [];
    throw error;
  }
}

/** @returns what is said of it */
async function perform(client: AdminClient, action: Action): Promise<string> {
  const { pool, backend } = action;
  const path = ["pools", pool, "backends", backend];
  switch (action.type) {
    case "drain":
      await client.ask(["drains"], { method: "POST", body: { pool, backend } });
      return `${backend} is being drained`;
    case "undrain":
      await cancelMoves(client, "drain", (move) => move.pool === pool && move.backend === backend);
      await client.ask(path, { method: "PATCH", body: { state: "active" } });
      return `${backend} is active`;
    case "weight":
      await client.ask(path, { method: "PATCH", body: { weight: action.weight } });
      return `${backend} has weight ${action.weight}`;
  }
}

function said(error: unknown): string {
  if (error instanceof AdminError) return error.problems.length > 0 ? error.problems.join("; ") : error.message;
  return error instanceof Error ? error.message : String(error);
}
