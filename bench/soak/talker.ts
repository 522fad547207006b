import { compareMessage, makeMessage } from "./messages.ts";
import { BYE, BYE_CODE, RESET } from "./protocol.ts";
import { LATE, Wire } from "./wire.ts";
import { ANSWER_PATIENCE, doorOf, noteLoss, pause, type World } from "./world.ts";

/** In milliseconds. */
const LIFE_MIN = 200;
const LIFE_MAX = 20_000;
const THINK_MAX = 120;
const RESIDENT_THINK = 1_000;
/** How long the end of a connection may take. */
const END_PATIENCE = 20_000;
/** From a handshake that failed to the next. */
const REFUSED_PAUSE = 500;
/** Share of turns in which several messages are under way. */
const BURST_SHARE = 0.2;
const BURST = 5;
/** Close codes that a client may be told when its backend has gone. */
const BACKEND_LOST = 1012;
const NORMAL = 1000;

/** Ways in which a client's tunnel ends. */
const ENDINGS = ["close", "close", "close", "bye", "fin", "reset", "half frame", "backend's reset"] as const;
type Ending = (typeof ENDINGS)[number];

interface Talk {
  readonly world: World;
  readonly wire: Wire;
  readonly sender: number;
  sent: number;
  received: number;
}

/** One tunnel's life: opened, numbered messages and their echoes, and an end of some kind. */
export async function talk(world: World): Promise<void> {
  const { random, calm } = world;
  if (random() < 0.03) {
    await leaveEarly(world);
    return;
  }
  const until = performance.now() + LIFE_MIN + random() ** 3 * (LIFE_MAX - LIFE_MIN);
  const one = await open(world, "talk");
  if (one === undefined) return;
  while (!calm.aborted && performance.now() < until) {
    if (!(await exchange(one, random() < BURST_SHARE ? BURST : 1))) return;
    await pause(random() * THINK_MAX, calm);
  }
  await finish(one, ENDINGS[Math.floor(random() * ENDINGS.length)] ?? "close");
}

/** A tunnel that stays until the very end, on backends that nothing happens to. */
export async function reside(world: World, end: AbortSignal): Promise<void> {
  const one = await open(world, "stay");
  if (one === undefined) return;
  world.tally.count("residents");
  while (!end.aborted) {
    if (!(await exchange(one, 1))) return;
    await pause(RESIDENT_THINK * (0.5 + world.random()), end);
  }
  await finish(one, "close");
}

async function open(world: World, path: string): Promise<Talk | undefined> {
  const sender = world.nextSender();
  const wire = new Wire(doorOf(world, sender), `/${path}/${sender}`);
  world.tally.count("handshakes");
  try {
    await wire.opened;
  } catch (error) {
    // There are always backends that nothing happens to: nobody may be refused.
    world.tally.complain(`tunnel ${sender} could not be opened: ${error instanceof Error ? error.message : "?"}`);
    await pause(REFUSED_PAUSE, world.calm);
    return undefined;
  }
  world.tally.count("tunnels");
  return { world, wire, sender, sent: 0, received: 0 };
}

/** Gone before the answer: fairlead may have seen it, or not. */
async function leaveEarly(world: World): Promise<void> {
  const sender = world.nextSender();
  const wire = new Wire(doorOf(world, sender), `/talk/${sender}`);
  wire.opened.catch(() => undefined);
  world.tally.count("left early");
  await pause(world.random() * 5, world.calm);
  wire.socket.destroy();
  await wire.over(END_PATIENCE);
}

/** Sends some messages and takes their echoes; false when the tunnel is over. */
async function exchange(one: Talk, messages: number): Promise<boolean> {
  const { world, wire, sender } = one;
  for (let at = 0; at < messages; at += 1) {
    wire.peer.send(makeMessage(sender, one.sent));
    one.sent += 1;
  }
  while (one.received < one.sent) {
    const got = await wire.next(ANSWER_PATIENCE);
    if (!Buffer.isBuffer(got)) {
      noteLoss(world, wire, sender, got, `with ${one.sent - one.received} answers due`);
      return false;
    }
    const problem = compareMessage(got, makeMessage(sender, one.received));
    if (problem !== undefined) {
      world.tally.complain(`tunnel ${sender} by ${wire.backend}: ${problem}`);
      wire.socket.destroy();
      return false;
    }
    one.received += 1;
    world.tally.count("messages");
    world.tally.count("bytes", got.length);
  }
  return true;
}

async function finish(one: Talk, wanted: Ending): Promise<void> {
  const { world, wire, sender } = one;
  // What a backend breaks off counts against its health, which is not what those are for that nothing happens to.
  const ending = wanted === "backend's reset" && wire.backend.startsWith("calm") ? "bye" : wanted;
  const expected = begin(one, ending);
  const end = await wire.over(END_PATIENCE);
  const asExpected = end !== LATE && (expected === "any" || end.code === expected);
  if (!asExpected) {
    noteLoss(world, wire, sender, end, `where ${expected} was due (${ending})`);
    return;
  }
  world.tally.count(ending);
  // Everything that was sent has been answered, so fairlead must have counted all of it.
  if (ending === "close" || ending === "bye") world.tally.finish({ sender, sent: one.sent, received: one.received });
}

/** Begins the end; gives the code of the Close that has to come. */
function begin(one: Talk, ending: Ending): number | undefined | "any" {
  const { wire } = one;
  switch (ending) {
    case "close":
      wire.peer.close(NORMAL);
      return NORMAL;
    case "bye":
      wire.peer.say(BYE);
      one.sent += 1;
      return BYE_CODE;
    case "backend's reset":
      wire.peer.say(RESET);
      return BACKEND_LOST;
    case "fin":
      wire.socket.end();
      return "any";
    case "reset":
      breakOff(wire);
      return "any";
    case "half frame":
      wire.peer.sendHalf(makeMessage(one.sender, one.sent));
      wire.socket.destroySoon();
      return "any";
  }
}

/** With a RST where the socket is plain. */
function breakOff({ socket }: Wire): void {
  if ("encrypted" in socket) socket.destroy();
  else socket.resetAndDestroy();
}
