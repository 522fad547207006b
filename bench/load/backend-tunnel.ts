import type { Socket } from "node:net";
import { frameCounter } from "./frame-counter.ts";
import { answerPing, closeFrame, FirstByte, frameBytes, makeFrame, preparedFrames, readFrame } from "./frames.ts";

/** Answers that go out in one write when several messages came in one read. */
const BATCH = 64;
/** Beyond this, a message's answers are written one by one from one buffer. */
const BATCH_BYTES_MAX = 1024 * 1024;
const CLOSE = closeFrame(false);

/** Prepared answers, by size of the message: as many frames as go out in one write. */
const answers = new Map<number, { frames: Buffer; each: number }>();

function answersOf(size: number): { frames: Buffer; each: number } {
  let prepared = answers.get(size);
  if (prepared === undefined) {
    const each = frameBytes(size, false);
    const count = Math.max(1, Math.min(BATCH, Math.floor(BATCH_BYTES_MAX / each)));
    prepared = { frames: preparedFrames(size, false, count), each };
    answers.set(size, prepared);
  }
  return prepared;
}

/** The tunnels of the fan-out. */
const group = new Set<Socket>();

/** What is done with a whole message: its answer is written, or everybody gets one. */
type React = (socket: Socket, messages: number, size: number) => void;

function echo(socket: Socket, messages: number, size: number): void {
  const { frames, each } = answersOf(size);
  const batch = frames.length / each;
  for (let left = messages; left > 0; left -= batch) {
    socket.write(left >= batch ? frames : frames.subarray(0, left * each));
  }
}

function fanOut(_: Socket, messages: number, size: number): void {
  const { frames, each } = answersOf(size);
  const one = frames.subarray(0, each);
  for (let i = 0; i < messages; i += 1) for (const socket of group) socket.write(one);
}

/** Serves a tunnel by its target: `/exact`, `/echo?size=N` or `/fan-out?size=N`, which is greeted with a message. */
export function serveTunnel(socket: Socket, target: string, early: Buffer): void {
  const size = Number(/[?&]size=(\d+)/.exec(target)?.[1] ?? 0);
  if (target.startsWith("/fan-out")) {
    group.add(socket);
    socket.write(preparedFrames(size, false));
    socket.on("close", () => group.delete(socket));
  }
  const take = target.startsWith("/exact") ? exact(socket) : counted(socket, size, reactionTo(target));
  if (early.length > 0) take(early);
  socket.on("data", take);
}

const reactionTo = (target: string): React => (target.startsWith("/fan-out") ? fanOut : echo);

/** All messages of a tunnel have the same size. */
function counted(socket: Socket, size: number, react: React): (chunk: Buffer) => void {
  return frameCounter(frameBytes(size, true), {
    messages: (count) => react(socket, count, size),
    control: (bytes, at) => control(socket, bytes, at),
  });
}

/** A ping of the proxy's own, or the end. Anything else is a broken stream. */
function control(socket: Socket, bytes: Buffer, at: number): number | undefined {
  if (bytes[at] === FirstByte.ping) {
    const answered = answerPing(bytes, at, bytes.length, true);
    if (answered !== undefined) socket.write(answered.pong);
    return answered?.next;
  }
  if (bytes[at] === FirstByte.close) socket.end(CLOSE);
  else socket.resetAndDestroy();
  return bytes.length;
}

/** A true echo: reads whole frames, unmasks, and sends the payload back. Only for the check, so it may be slow. */
function exact(socket: Socket): (chunk: Buffer) => void {
  let bytes: Buffer = Buffer.alloc(0);
  return (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (let frame = readFrame(bytes); frame !== undefined; frame = readFrame(bytes)) {
      if (frame.first === FirstByte.close) socket.end(CLOSE);
      else socket.write(makeFrame(frame.payload, undefined, frame.first));
      bytes = bytes.subarray(frame.next);
    }
  };
}
