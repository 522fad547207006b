import type { Duplex } from "node:stream";

import { closeFrame, CloseCode, controlFrame, FrameTracker, Opcode, Scan, newFrameSizes } from "../websocket/index.ts";
import { createUnmasker } from "./unmask.ts";

/** Longest message that is echoed. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

/**
 * Makes the handler of what a client sends: messages come back frame by frame as they arrive, so fragments stay
 * fragments and none is held as a whole. Pings are answered, and a Close is answered with its own code.
 */
export function createEcho(socket: Duplex): (bytes: Uint8Array) => void {
  const tracker = new FrameTracker({
    masked: true,
    deflate: false,
    foreignExtensions: false,
    messageBytesMax: MAX_MESSAGE_BYTES,
    sizes: newFrameSizes(),
    enforce: true,
  });
  const unmask = createUnmasker();
  let ended = false;
  const end = (frame: Uint8Array): void => {
    ended = true;
    socket.end(frame);
  };
  const echo = (frames: Uint8Array): void => {
    for (const part of unmask(frames)) write(socket, part);
  };
  const step = (bytes: Uint8Array, at: number): void => {
    switch (tracker.scan(bytes, at)) {
      case Scan.done:
        return echo(bytes.subarray(at, tracker.passed));
      case Scan.release:
        return echo(tracker.held());
      case Scan.control:
        if (tracker.frameStart > at) echo(bytes.subarray(at, tracker.frameStart));
        if (tracker.controlOpcode === Opcode.close) end(closeAnswer(tracker.controlPayload(bytes)));
        if (tracker.controlOpcode === Opcode.ping) write(socket, pong(tracker.controlPayload(bytes)));
        return undefined;
      case Scan.violation:
        return end(refusal(tracker));
    }
  };
  return (bytes) => {
    for (let at = 0; at < bytes.length && !ended; at = tracker.at) step(bytes, at);
  };
}

/** A whole text message in one frame of a server, for texts of up to 125 bytes. */
export function shortText(text: string): Uint8Array {
  return controlFrame(Opcode.text, new TextEncoder().encode(text), undefined);
}

function pong(payload: Uint8Array): Uint8Array {
  return controlFrame(Opcode.pong, payload, undefined);
}

function closeAnswer(payload: Uint8Array): Uint8Array {
  return controlFrame(Opcode.close, payload, undefined);
}

function refusal(tracker: FrameTracker): Uint8Array {
  const tooBig = tracker.violation === "message-too-large";
  return closeFrame(tooBig ? CloseCode.messageTooBig : CloseCode.protocolError, tracker.violation ?? "", undefined);
}

/** Writes, and reads no more from a client that does not take its echo. */
function write(socket: Duplex, bytes: Uint8Array): void {
  if (socket.write(bytes) || socket.isPaused()) return;
  socket.pause();
  socket.once("drain", () => socket.resume());
}
