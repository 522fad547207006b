import { createHash } from "node:crypto";
import { connect, type Socket } from "node:net";
import { constants, inflateRawSync } from "node:zlib";
import { closeCode, OPCODE, readFrame, RSV1, type Frame } from "../kit/frames.ts";
import { upgradeHead } from "../kit/heads.ts";
import type { Incoming } from "../kit/incoming.ts";
import { rawPeer, type RawPeer } from "../kit/raw.ts";
import { until } from "../kit/until.ts";
import { GOODBYE, piecesOf, type Case, type CaseFrame, type CloseVerdict, type Verdict } from "./case.ts";

const SHORT = 40;

/** A payload as a verdict shows it. */
export const shown = (kind: string, payload: Buffer): string => {
  if (payload.length <= SHORT) return `${kind} ${payload.toString("latin1")}`;
  return `${kind} of ${payload.length} ${createHash("sha256").update(payload).digest("hex").slice(0, 12)}`;
};

const DEFLATE_TAIL = Buffer.from([0, 0, 0xff, 0xff]);

/** Inflates the answers, which may lean on earlier ones: all that came so far is inflated, and the new part taken. */
const inflater = () => {
  let stream: Buffer = Buffer.alloc(0);
  let known = 0;
  return (payload: Buffer): Buffer => {
    stream = Buffer.concat([stream, payload, DEFLATE_TAIL]);
    const all = inflateRawSync(stream, { finishFlush: constants.Z_SYNC_FLUSH });
    const fresh = all.subarray(known);
    known = all.length;
    return fresh;
  };
};

/** Puts fragments together and tells what came, until a Close. */
const observer = (messages: string[]) => {
  const inflate = inflater();
  let parts: Frame[] = [];
  return (got: Frame): CloseVerdict | undefined => {
    if (got.opcode === OPCODE.close) return got.payload.length === 0 ? "empty" : closeCode(got);
    if (got.opcode >= OPCODE.close) {
      messages.push(shown(got.opcode === OPCODE.pong ? "pong" : "ping", got.payload));
      return undefined;
    }
    parts.push(got);
    if (!got.fin) return undefined;
    const [first = got] = parts;
    const payload = Buffer.concat(parts.map((part) => part.payload));
    parts = [];
    const kind = first.opcode === OPCODE.text ? "text" : "binary";
    messages.push(shown(kind, (first.rsv & RSV1) === 0 ? payload : inflate(payload)));
    return undefined;
  };
};

const IMPATIENCE = 15_000;

const observe = async (received: Incoming, messages: string[]): Promise<CloseVerdict> => {
  const see = observer(messages);
  for (;;) {
    let got: Frame;
    try {
      got = await received.take(readFrame, "an answer", IMPATIENCE);
    } catch {
      return received.ended === undefined ? "still open" : "none";
    }
    const close = see(got);
    if (close !== undefined) return close;
  }
};

const sendPieces = async (socket: Socket, pieces: readonly Buffer[]): Promise<void> => {
  for (const piece of pieces) {
    if (socket.destroyed || !socket.writable) return;
    socket.write(piece);
    if (pieces.length > 1) await new Promise((resolve) => setImmediate(resolve));
  }
};

/** What a patient client sends last, to close only when it has come back. */
const MARKER: CaseFrame = { opcode: OPCODE.text, payload: "that was all" };

const closeAfterMarker = async (peer: RawPeer, messages: readonly string[], done: Promise<unknown>): Promise<void> => {
  let over = false;
  void done.finally(() => (over = true));
  await until(() => over || messages.includes(shown("text", Buffer.from("that was all"))), "the marker comes back");
  if (!over) peer.send(GOODBYE);
};

/** What a server was asked and what it made of it. */
export interface Run {
  readonly verdict: Verdict;
  /** What it agreed to. */
  readonly extensions: string | undefined;
}

const converse = async (one: Case, peer: RawPeer, patient: boolean): Promise<Verdict> => {
  const messages: string[] = [];
  const closing = observe(peer.received, messages);
  await sendPieces(peer.socket, piecesOf(one, true, patient ? MARKER : GOODBYE));
  if (patient && one.saysGoodbye !== false) await closeAfterMarker(peer, messages, closing);
  return { close: await closing, messages };
};

/**
 * Plays a case against a server, as its client.
 *
 * @param patient whether the Close waits until all answers are there, for servers that drop them otherwise
 */
export const playAsClient = async (one: Case, port: number, target: string, patient: boolean): Promise<Run> => {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const peer = rawPeer(socket, true);
  try {
    peer.write(upgradeHead(target, { "Sec-WebSocket-Extensions": one.offer }));
    const answer = await peer.head();
    if (answer.status !== 101)
      return { verdict: { messages: [], close: `refused ${answer.status}` }, extensions: undefined };
    return { verdict: await converse(one, peer, patient), extensions: answer.get("Sec-WebSocket-Extensions") };
  } finally {
    socket.destroy();
  }
};
