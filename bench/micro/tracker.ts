import { FrameTracker, Scan, type TrackerOptions, newFrameSizes } from "../../src/websocket/index.ts";
import { makeFrame, preparedFrames, standardPayload } from "../load/frames.ts";
import { type Bar, report, type Subject } from "./measure.ts";

/** The frame tracker over whole reads: what the relay pays for knowing where each frame ends. */

/** Bytes of one read of the relay. */
const READ = 64 * 1024;
const SMALL_BAR: Bar = { reach: 60, beyond: 25 };
/** First bytes of frames: the first of a message, its last, a ping. */
const BINARY = 0x02;
const LAST = 0x80;
const PING = 0x89;

const optionsFor = (masked: boolean): TrackerOptions => ({
  masked,
  deflate: false,
  foreignExtensions: false,
  messageBytesMax: Number.POSITIVE_INFINITY,
  sizes: newFrameSizes(),
  enforce: true,
});

function subject(size: number, masked: boolean, bar?: Bar): Subject {
  const one = preparedFrames(size, masked).length;
  const count = Math.max(1, Math.floor(READ / one));
  const bytes = preparedFrames(size, masked, count);
  const options = optionsFor(masked);
  const tracker = new FrameTracker(options);
  return {
    name: `${count} x ${size} B, ${masked ? "masked" : "unmasked"}, per frame`,
    operations: count,
    check() {
      const fresh = new FrameTracker(options);
      const half = Math.floor(bytes.length / 2);
      const first = fresh.scan(bytes.subarray(0, half), 0);
      const second = fresh.scan(bytes.subarray(fresh.passed), 0);
      if (first !== Scan.done || second !== Scan.done) throw new Error("the tracker stopped at a valid frame");
      if (fresh.messages !== count || fresh.payloadBytes !== count * size || !fresh.atBoundary)
        throw new Error(`the tracker counted ${fresh.messages} messages of ${fresh.payloadBytes} bytes in all`);
    },
    run() {
      tracker.scan(bytes, 0);
      return tracker.messages;
    },
    ...(bar === undefined ? {} : { bar }),
  };
}

/** A frame alone in its read, as in a chat: the call is paid for each. */
function alone(size: number, bar: Bar): Subject {
  const bytes = preparedFrames(size, true);
  const whole = subject(size, true);
  const tracker = new FrameTracker(optionsFor(true));
  return {
    name: `1 x ${size} B in a read of its own, masked`,
    check: () => whole.check(),
    run() {
      tracker.scan(bytes, 0);
      return tracker.messages;
    },
    bar,
  };
}

/** Messages in two frames each, and a ping behind every one: nothing of what is usual. */
function unusual(size: number): Subject {
  const payload = standardPayload(size);
  const mask = new Uint8Array(4);
  const frames = [BINARY, LAST, PING].map((first) => makeFrame(payload, mask, first));
  const group = Buffer.concat(frames);
  const count = Math.floor(READ / group.length);
  const bytes = Buffer.concat(Array.from({ length: count }, () => group));
  const tracker = new FrameTracker(optionsFor(true));
  const scanAll = (): void => {
    let at = 0;
    while (tracker.scan(bytes, at) === Scan.control) ({ at } = tracker);
  };
  return {
    name: `${count} x 2 fragments and a ping of ${size} B, masked, per frame`,
    operations: frames.length * count,
    check() {
      scanAll();
      if (tracker.messages !== count || !tracker.atBoundary)
        throw new Error(`the tracker counted ${tracker.messages} messages of ${count}`);
    },
    run() {
      scanAll();
      return tracker.messages;
    },
    bar: SMALL_BAR,
  };
}

report("frame tracker", [
  subject(32, true, SMALL_BAR),
  subject(32, false, SMALL_BAR),
  alone(32, SMALL_BAR),
  unusual(32),
  subject(1024, true),
  subject(READ, true),
]);
