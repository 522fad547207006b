import { FrameTracker, Scan } from "../../src/websocket/index.ts";
import { preparedFrames } from "../load/frames.ts";
import { report, type Subject } from "./measure.ts";

/** The frame tracker over whole reads: what the relay pays for knowing where each frame ends. */

/** Bytes of one read of the relay. */
const READ = 64 * 1024;
const SMALL_LIMIT = 60;

function subject(size: number, masked: boolean, limit?: number): Subject {
  const one = preparedFrames(size, masked).length;
  const count = Math.max(1, Math.floor(READ / one));
  const bytes = preparedFrames(size, masked, count);
  const options = { masked, deflate: false, foreignExtensions: false, messageBytesMax: Infinity, enforce: true };
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
    ...(limit === undefined ? {} : { limit }),
  };
}

/** A frame alone in its read, as in a chat: the call is paid for each. */
function alone(size: number, limit: number): Subject {
  const bytes = preparedFrames(size, true);
  const whole = subject(size, true);
  const options = { masked: true, deflate: false, foreignExtensions: false, messageBytesMax: Infinity, enforce: true };
  const tracker = new FrameTracker(options);
  return {
    name: `1 x ${size} B in a read of its own, masked`,
    check: () => whole.check(),
    run() {
      tracker.scan(bytes, 0);
      return tracker.messages;
    },
    limit,
  };
}

report("frame tracker", [
  subject(32, true, SMALL_LIMIT),
  subject(32, false, SMALL_LIMIT),
  alone(32, SMALL_LIMIT),
  subject(1024, true),
  subject(READ, true),
]);
