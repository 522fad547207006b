import { setTimeout as sleep } from "node:timers/promises";
import { seededRandom } from "../../src/base/index.ts";
import type { Random } from "../../src/base/index.ts";
import { answerCalls } from "../load/answering.ts";
import type { Goal } from "../load/protocol.ts";
import type { Doors } from "../soak/protocol.ts";
import { Conversation } from "./conversation.ts";
import type { ClientSide, Glance, HourClientsCalls, Refusal } from "./protocol.ts";
import { takeTurns } from "./turns.ts";

/** The clients of the hour, a process of its own: each has a tunnel, and when that ends soon another one. */

/** From the end of a tunnel to the next handshake, in milliseconds. */
const BACK_MIN = 20;
const BACK_MAX = 250;
/** In milliseconds. */
const OPEN_TICK = 20;
const LOOK_INTERVAL = 20;
const FINISH_TIMEOUT = 60_000;
const COMPLAINTS_MAX = 50;

interface Seat {
  readonly goal: Goal;
  conversation: Conversation | undefined;
  /** When its last tunnel ended, since the epoch. */
  endedAt: number | undefined;
}

interface Seen {
  messages: number;
  codes: Record<string, number>;
  refusals: number;
  complaints: number;
  slowest: number;
  pause: number;
}

const nothing = (): Seen => ({ messages: 0, codes: {}, refusals: 0, complaints: 0, slowest: 0, pause: 0 });

const seats: Seat[] = [];
let seen = nothing();
const sides: ClientSide[] = [];
const refusals: Refusal[] = [];
const complaints: string[] = [];
let bytes = 0;
let id = 0;
let open = 0;
let finishing = false;
let random: Random = seededRandom(1);
let stopTalk = (): void => undefined;

function connect(seat: Seat): void {
  id += 1;
  const conversation = new Conversation(seat.goal, id, {
    opened() {
      open += 1;
      if (seat.endedAt !== undefined) seen.pause = Math.max(seen.pause, Date.now() - seat.endedAt);
      seat.endedAt = undefined;
    },
    heard(length, delay = 0) {
      bytes += length;
      seen.messages += 1;
      seen.slowest = Math.max(seen.slowest, delay);
    },
    complaint(text) {
      seen.complaints += 1;
      if (complaints.length < COMPLAINTS_MAX) complaints.push(text);
    },
    over(refused) {
      if (refused === undefined) ended(conversation);
      else {
        seen.refusals += 1;
        refusals.push({ at: Date.now(), how: refused });
      }
      seat.conversation = undefined;
      seat.endedAt ??= Date.now();
      if (!finishing) setTimeout(connect, BACK_MIN + random() * (BACK_MAX - BACK_MIN), seat);
    },
  });
  seat.conversation = conversation;
}

function ended(conversation: Conversation): void {
  open -= 1;
  const side = conversation.side();
  sides.push(side);
  seen.codes[side.code] = (seen.codes[side.code] ?? 0) + 1;
}

/** ws and wss in turn. */
function goalOf(doors: Doors, at: number): Goal {
  return at % 2 === 0 ? { port: doors.plain } : { port: doors.tls, ca: doors.ca };
}

async function until(isSo: () => boolean, timeout: number, what: string): Promise<void> {
  const deadline = performance.now() + timeout;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`${what} within ${timeout / 1000} s`);
    await sleep(LOOK_INTERVAL);
  }
}

const conversations = (): Conversation[] => seats.flatMap(({ conversation }) => conversation ?? []);

const calls: HourClientsCalls = {
  async start({ doors, count, pace, rate, seed }) {
    random = seededRandom(seed);
    const began = performance.now();
    stopTalk = takeTurns(
      () => seats,
      rate,
      ({ conversation }) => conversation?.speak(),
    );
    while (seats.length < count) {
      const due = Math.min(count, Math.ceil(((performance.now() - began) * pace) / 1000));
      while (seats.length < due) {
        const seat: Seat = { goal: goalOf(doors, seats.length), conversation: undefined, endedAt: undefined };
        seats.push(seat);
        connect(seat);
      }
      await sleep(OPEN_TICK);
    }
    await until(() => open === count, FINISH_TIMEOUT, "not all tunnels were open");
  },

  async glance() {
    const { messages, codes, refusals: refused, complaints: wrong, slowest, pause } = seen;
    const glance: Glance = { open, messages, codes, refusals: refused, complaints: wrong, slowest, pause };
    seen = nothing();
    return glance;
  },

  async finish() {
    finishing = true;
    stopTalk();
    await until(
      () => conversations().every((one) => !one.isOpen || one.unanswered === 0),
      FINISH_TIMEOUT,
      "not all messages were echoed",
    ).catch((error: unknown) => complaints.push(error instanceof Error ? error.message : String(error)));
    const areOver = (): boolean => {
      for (const one of conversations()) one.close();
      return conversations().length === 0;
    };
    await until(areOver, FINISH_TIMEOUT, "not all tunnels had ended");
  },

  async report() {
    return { sides, refusals, complaints, bytes };
  },
};

answerCalls(calls);
