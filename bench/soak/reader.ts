import { compareMessage, makePiece } from "./messages.ts";
import { PIECE_BYTES } from "./protocol.ts";
import { LATE, Wire } from "./wire.ts";
import { ANSWER_PATIENCE, doorOf, noteLoss, pause, type World } from "./world.ts";

const MIB = 1024 * 1024;
/** More than all buffers between two processes hold. */
const STALL_BYTES = 48 * MIB;
const SLOW_BYTES = 12 * MIB;
/** A slow reader rests after so many messages, for so many milliseconds. */
const REST_EVERY = 16;
const REST = 20;
/** Share of readers that stop reading. */
const STALL_SHARE = 0.3;
/** Longer than fairlead waits for a writer to get on, in milliseconds. */
const STALL = 12_000;

/** Reads a flood slowly to its end, or stops reading and is ended for it. */
export async function readFlood(world: World): Promise<void> {
  const stalls = world.random() < STALL_SHARE;
  const sender = world.nextSender();
  const bytes = stalls ? STALL_BYTES : SLOW_BYTES;
  const wire = new Wire(doorOf(world, sender), `/flood/${sender}?bytes=${bytes}`);
  world.tally.count("handshakes");
  try {
    await wire.opened;
  } catch (error) {
    world.tally.complain(`flood ${sender} could not be opened: ${error instanceof Error ? error.message : "?"}`);
    return;
  }
  world.tally.count("tunnels");
  const read = await readPieces(world, wire, sender, stalls ? SLOW_BYTES / 12 : bytes);
  if (!read) return;
  if (stalls) await stall(world, wire);
  else await seeEnd(world, wire, sender);
}

/** Takes pieces in order; false when that came to an early end. */
async function readPieces(world: World, wire: Wire, sender: number, bytes: number): Promise<boolean> {
  for (let number = 0; number * PIECE_BYTES < bytes; number += 1) {
    if (number % REST_EVERY === REST_EVERY - 1 && !world.calm.aborted) {
      wire.socket.pause();
      await pause(REST, world.calm);
      wire.socket.resume();
    }
    const got = await wire.next(ANSWER_PATIENCE);
    if (!Buffer.isBuffer(got)) {
      noteLoss(world, wire, sender, got, `after ${number} pieces of a flood`);
      return false;
    }
    const problem = compareMessage(got, makePiece(sender, number, PIECE_BYTES));
    if (problem !== undefined) {
      world.tally.complain(`flood ${sender} by ${wire.backend}: ${problem}`);
      wire.socket.destroy();
      return false;
    }
    world.tally.count("pieces");
    world.tally.count("bytes", got.length);
  }
  return true;
}

async function seeEnd(world: World, wire: Wire, sender: number): Promise<void> {
  const end = await wire.over(ANSWER_PATIENCE);
  if (end === LATE || end.code !== 1000) noteLoss(world, wire, sender, end, "at the end of a flood");
  else world.tally.count("floods");
}

/** Does not read any more. What fairlead makes of that is its end. */
async function stall(world: World, wire: Wire): Promise<void> {
  wire.socket.pause();
  await pause(STALL, world.calm);
  const patient = !world.calm.aborted;
  wire.socket.resume();
  if (patient && (await wire.over(ANSWER_PATIENCE)) === LATE) world.tally.complain("a stalled reader was not ended");
  world.tally.count(patient ? "stalls" : "stalls cut short");
  wire.socket.destroy();
}
