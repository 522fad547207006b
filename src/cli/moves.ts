import { z } from "zod";

import type { Milliseconds } from "../base/index.ts";
import type { AdminClient } from "./admin-client.ts";
import { moveSchema, type MoveView } from "./admin-shapes.ts";
import { ExitCode } from "./exit-code.ts";
import { counted, grouped, rate, span } from "./format.ts";
import { takeInterrupts } from "./interrupt.ts";
import type { Io } from "./io.ts";

/** Between two looks at a move. */
const LOOK_INTERVAL: Milliseconds = 500;
/** Between two lines about it where they stay: in a file, or in somebody's log. */
const LINE_INTERVAL: Milliseconds = 5_000;

const ERASE_LINE = "\r\u001b[K";

/** The resource of each kind of move. */
const RESOURCES = { drain: "drains", rebalance: "rebalances" } as const;

/** How a move is told of. */
export interface Telling {
  readonly json: boolean;
  /** Told of once, not followed. */
  readonly detach: boolean;
  /** The command line that cancels it. */
  readonly cancelBy: string;
}

/** Begins a move and follows it to its end. @returns the exit code */
export async function runMove(
  client: AdminClient,
  kind: MoveView["kind"],
  body: unknown,
  telling: Telling,
  io: Io,
): Promise<number> {
  const first = await client.ask([RESOURCES[kind]], { method: "POST", body });
  const move = moveSchema.parse(first);
  if (!telling.detach) return followMove(client, move, telling, io);
  io.stdout.write(telling.json ? `${JSON.stringify(first)}\n` : `${describeMove(move)}\n`);
  return ExitCode.fine;
}

/** Cancels the moves of a kind that run and fit. @returns those, as they are then */
export async function cancelMoves(
  client: AdminClient,
  kind: MoveView["kind"],
  fits: (move: MoveView) => boolean,
): Promise<MoveView[]> {
  const all = await client.read(z.array(moveSchema), [RESOURCES[kind]]);
  const cancelled: MoveView[] = [];
  for (const move of all.filter((one) => one.state === "running" && fits(one)))
    cancelled.push(await client.read(moveSchema, [RESOURCES[kind], move.id], { method: "DELETE" }));
  return cancelled;
}

/** What is to be cancelled. */
export interface Cancelling {
  readonly kind: MoveView["kind"];
  /** What it is a move of, such as `pool chat`. */
  readonly subject: string;
  readonly fits: (move: MoveView) => boolean;
  /** What else there is to say when it is cancelled. */
  readonly hint?: () => Promise<string>;
}

/** Cancels a move that runs, and tells of it. @returns the exit code */
export async function cancelMove(
  client: AdminClient,
  { kind, subject, fits, hint }: Cancelling,
  json: boolean,
  io: Io,
): Promise<number> {
  const [move] = await cancelMoves(client, kind, fits);
  if (move !== undefined) {
    io.stdout.write(json ? `${JSON.stringify(move)}\n` : `${describeMove(move)}${(await hint?.()) ?? ""}\n`);
    return ExitCode.fine;
  }
  if (json) io.stdout.write("null\n");
  io.stderr.write(`no ${kind} of ${subject} runs; there is nothing to cancel\n`);
  return ExitCode.failed;
}

/** One line about a move. */
export function describeMove(move: MoveView): string {
  const { kind, pool, backend, total, moved, left, state } = move;
  const subject = `${kind} of ${backend ?? `pool ${pool}`}`;
  const done = `${grouped(moved)} of ${counted(total, "tunnel")} moved`;
  if (state === "cancelled") return `${subject}: cancelled, ${done}, ${grouped(left)} left`;
  if (state === "deadline") return `${subject}: ended at its deadline, ${done} by then`;
  if (state === "done") return `${subject}: done, ${done}`;
  // How much there is to move is known only when the loads have been compared.
  if (kind === "rebalance" && total === 0) return `${subject}: compares the loads of its backends`;
  const parts = [done, `${grouped(left)} left`, `${rate(move.currentRate)} per second`];
  if (move.slowedBy !== null) parts.push(`slower than ${rate(move.rate)} since ${move.slowedBy}`);
  if (move.waitIdleMs !== null) parts.push(`only those idle for ${span(move.waitIdleMs)}`);
  return `${subject}: ${parts.join(", ")}`;
}

async function followMove(client: AdminClient, begun: MoveView, telling: Telling, io: Io): Promise<number> {
  const interrupt = takeInterrupts(io.signals);
  const progress = createProgress(telling.json, io);
  try {
    for (let move = begun; ;) {
      progress.tell(move);
      if (move.state !== "running") return progress.end(move);
      await interrupt.sleep(LOOK_INTERVAL);
      if (interrupt.signal.aborted) {
        progress.leave();
        io.stderr.write(`the ${move.kind} goes on without this command; ${telling.cancelBy} cancels it\n`);
        return ExitCode.interrupted;
      }
      move = await client.read(moveSchema, [RESOURCES[move.kind], move.id]);
    }
  } finally {
    interrupt.release();
  }
}

interface Progress {
  tell(move: MoveView): void;
  /** The line stays as it is. */
  leave(): void;
  /** @returns the exit code */
  end(move: MoveView): number;
}

function createProgress(json: boolean, io: Io): Progress {
  const rewrites = !json && io.stdout.isTTY === true;
  let last = "";
  let lastTime = -Infinity;
  return {
    tell(move) {
      const text = json ? JSON.stringify(move) : describeMove(move);
      const now = performance.now();
      const due = json || rewrites || move.state !== "running" || now - lastTime >= LINE_INTERVAL;
      if (text === last || !due) return;
      last = text;
      lastTime = now;
      const cut = rewrites ? text.slice(0, (io.terminal?.size().columns ?? Infinity) - 1) : text;
      io.stdout.write(rewrites ? `${ERASE_LINE}${cut}` : `${text}\n`);
    },
    leave() {
      if (rewrites) io.stdout.write("\n");
    },
    end({ state }) {
      if (rewrites) io.stdout.write("\n");
      if (state === "deadline") return ExitCode.drainDeadline;
      return state === "cancelled" ? ExitCode.failed : ExitCode.fine;
    },
  };
}
