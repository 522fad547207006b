import { randomBytes } from "node:crypto";
import { dial } from "./dial.ts";
import { makeFrame, readFrame } from "./frames.ts";
import { PLAIN_BODY, PLAIN_REQUEST, plainAnswerBytes, readUpgradeAnswer, upgradeRequest } from "./handshake.ts";
import type { Goal } from "./protocol.ts";

/** In milliseconds. */
const CHECK_TIMEOUT = 10_000;
const BINARY = 0x82;

/** What a conversation does with the bytes so far; true when it is over. */
type Step = (bytes: Buffer) => boolean;

/** Talks to the goal until `step` is content. */
async function converse(goal: Goal, first: Buffer, step: (write: (bytes: Buffer) => void) => Step): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let bytes: Buffer = Buffer.alloc(0);
  let over = false;
  const socket = dial(goal, {
    opened: () => socket.write(first),
    received(chunk) {
      bytes = Buffer.concat([bytes, chunk]);
      try {
        over = next(bytes);
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)));
      }
      if (over) socket.destroy();
    },
    closed(error) {
      clearTimeout(timer);
      if (over) resolve();
      else reject(error ?? new Error("the connection ended during the check"));
    },
  });
  const next = step((more) => socket.write(more));
  const timer = setTimeout(() => socket.destroy(new Error("no answer to the check in time")), CHECK_TIMEOUT);
  return promise;
}

/** Sends random payloads under random masks to a true echo; each answer must be the very frame expected. */
export async function checkEcho(goal: Goal, sizes: readonly number[]): Promise<void> {
  const payloads = sizes.map((size) => randomBytes(size));
  await converse(goal, upgradeRequest("/exact"), (write) => {
    let start = 0;
    let current = 0;
    const send = (): void => write(makeFrame(payloads[current] ?? Buffer.alloc(0), randomBytes(4)));
    return (bytes) => {
      if (start === 0) {
        start = readUpgradeAnswer(bytes);
        if (start > 0) send();
      }
      const frame = start === 0 ? undefined : readFrame(bytes, start);
      if (frame === undefined) return false;
      const expected = payloads[current] ?? Buffer.alloc(0);
      if (frame.first !== BINARY || frame.masked || !frame.payload.equals(expected))
        throw new Error(`the echo of ${expected.length} bytes came back changed`);
      start = frame.next;
      current += 1;
      if (current < payloads.length) send();
      return current === payloads.length;
    };
  });
}

/** A plain request; status and body must be the backend's. */
export async function checkPlain(goal: Goal): Promise<void> {
  await converse(goal, PLAIN_REQUEST, () => (bytes) => {
    const whole = plainAnswerBytes(bytes, 0);
    if (whole === undefined || bytes.length < whole) return false;
    const answer = bytes.toString("latin1");
    const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(answer)?.[1];
    if (Number(length) !== PLAIN_BODY.length)
      throw new Error(`the Content-Length of the answer is ${length ?? "missing"}`);
    if (bytes.length > whole || !answer.endsWith(PLAIN_BODY))
      throw new Error("the body of the answer is not the backend's");
    return true;
  });
}
