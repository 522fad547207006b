import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FrameTracker, Scan, newFrameSizes } from "../../src/websocket/index.ts";
import type { TrackerOptions } from "../../src/websocket/index.ts";
import { closePayload, frame, OPCODE } from "../kit/frames.ts";
import { anySplit, brokenStream, chunksOf, eventOf, expected, validStream, VIOLATIONS } from "./streams.ts";
import type { Stream } from "./streams.ts";

/** Calls a tracker as its owner does: forwards what may be, and writes down what it was told. */
class Reader {
  readonly tracker: FrameTracker;
  readonly events: string[] = [];
  readonly forwarded: Buffer[] = [];
  length = 0;
  broken = false;

  constructor(options: TrackerOptions) {
    this.tracker = new FrameTracker(options);
  }

  read(chunk: Buffer): void {
    const { tracker } = this;
    let start = 0;
    for (let at = 0; !this.broken; at = tracker.at) {
      const found = tracker.scan(chunk, at);
      if (found === Scan.done) {
        this.forward(chunk.subarray(start, tracker.passed));
        return;
      }
      if (found === Scan.control) this.events.push(eventOf(tracker.controlOpcode, tracker.controlPayload(chunk)));
      const held = found === Scan.release || (found === Scan.control && tracker.frameStart < 0);
      if (held) {
        this.forward(tracker.held());
        start = tracker.at;
      }
      if (found !== Scan.violation) continue;
      if (tracker.frameStart > start) this.forward(chunk.subarray(start, tracker.frameStart));
      this.events.push(tracker.violation ?? "none");
      this.broken = true;
    }
  }

  private forward(bytes: Uint8Array): void {
    this.length += bytes.length;
    this.forwarded.push(Buffer.from(bytes));
  }
}

/** Reads the stream in chunks, and compares with what its maker knows after each of them. */
function checkEveryStep(stream: Stream, sizes: readonly number[]): Reader {
  const reader = new Reader(stream.options);
  const { tracker } = reader;
  let read = 0;
  for (const chunk of chunksOf(stream.bytes, sizes)) {
    reader.read(chunk);
    read += chunk.length;
    const known = expected(stream, read);
    assert.equal(reader.length, known.forwarded);
    assert.equal(reader.events.length, known.events.length);
    assert.equal(reader.broken, known.broken);
    assert.equal(tracker.atBoundary, known.toBoundary === 0);
    assert.equal(tracker.bytesToBoundary, known.toBoundary);
    if (reader.broken) break;
    assert.equal(tracker.held().length, read - known.forwarded, "held is what was neither forwarded nor dropped");
  }
  const { forwarded, events, messages, payloadBytes, inMessage } = expected(stream, stream.bytes.length);
  assert.deepEqual(reader.events, events);
  assert.ok(Buffer.concat(reader.forwarded).equals(stream.bytes.subarray(0, forwarded)), "the bytes as they came");
  assert.deepEqual([tracker.messages, tracker.payloadBytes, tracker.inMessage], [messages, payloadBytes, inMessage]);
  return reader;
}

test("however valid frames are split, the events, the forwarded bytes, the counters and the boundaries are the same", () => {
  fc.assert(
    fc.property(validStream, anySplit, (stream, sizes) => {
      const { tracker } = checkEveryStep(stream, sizes);
      assert.equal(tracker.held().length, 0, "nothing is held when all frames are complete");
    }),
    { numRuns: 150 },
  );
});

for (const kind of VIOLATIONS) {
  test(`${kind} is told the same for every split, and no byte of that frame is forwarded`, () => {
    fc.assert(
      fc.property(brokenStream(kind), anySplit, (stream, sizes) => {
        const { events, broken } = checkEveryStep(stream, sizes);
        assert.ok(broken);
        assert.equal(events.at(-1), kind);
      }),
      { numRuns: 60 },
    );
  });

  test(`where nothing is enforced, ${kind} and all that follows it pass unchanged`, () => {
    fc.assert(
      fc.property(brokenStream(kind), anySplit, ({ options, bytes }, sizes) => {
        const reader = new Reader({ ...options, enforce: false });
        for (const chunk of chunksOf(bytes, sizes)) reader.read(chunk);
        assert.ok(!reader.broken);
        assert.equal(reader.tracker.violation, undefined);
        const held = Buffer.from(reader.tracker.held());
        assert.ok(Buffer.concat([...reader.forwarded, held]).equals(bytes));
      }),
      { numRuns: 60 },
    );
  });
}

test("any bytes at all pass unchanged where nothing is enforced", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), anySplit, fc.boolean(), (bytes, sizes, masked) => {
      const reader = new Reader({ ...CLIENT, masked, enforce: false });
      for (const chunk of chunksOf(Buffer.from(bytes), sizes)) reader.read(chunk);
      assert.deepEqual(Buffer.concat([...reader.forwarded, reader.tracker.held()]), Buffer.from(bytes));
    }),
  );
});

const CLIENT: TrackerOptions = {
  masked: true,
  deflate: false,
  foreignExtensions: false,
  messageBytesMax: Number.POSITIVE_INFINITY,
  sizes: newFrameSizes(),
  enforce: true,
};

const read = (options: Partial<TrackerOptions>, ...frames: readonly Buffer[]): Reader => {
  const reader = new Reader({ ...CLIENT, ...options });
  reader.read(Buffer.concat(frames));
  return reader;
};

test("the greatest size is of the message, over all its fragments", () => {
  const part = (opcode: number, size: number, fin: boolean) => frame({ opcode, fin, payload: Buffer.alloc(size) });
  const ping = frame({ opcode: OPCODE.ping, payload: Buffer.alloc(100) });
  const limit = { messageBytesMax: 100 };
  const whole = [part(OPCODE.text, 60, false), ping, part(OPCODE.continuation, 40, true)];
  assert.deepEqual([read(limit, ...whole).broken, read(limit, ...whole, ...whole).tracker.messages], [false, 2]);
  const reader = read(limit, part(OPCODE.text, 60, false), part(OPCODE.continuation, 41, true));
  assert.deepEqual(reader.events, ["message-too-large"]);
  assert.equal(reader.length, 66, "the fragment before was forwarded");
  assert.ok(read({ messageBytesMax: 0 }, part(OPCODE.binary, 0, true)).tracker.messages === 1);
});

test("the message after one of the greatest size starts from nothing", () => {
  const message = (size: number) => frame({ opcode: OPCODE.binary, payload: Buffer.alloc(size) });
  assert.deepEqual(read({ messageBytesMax: 10 }, message(10), message(0), message(10), message(11)).events, [
    "message-too-large",
  ]);
});

test("where nothing is enforced, a message over the greatest size is counted all the same", () => {
  const message = frame({ opcode: OPCODE.binary, payload: Buffer.alloc(11) });
  const { tracker } = read({ messageBytesMax: 10, enforce: false }, message, message);
  assert.deepEqual([tracker.messages, tracker.payloadBytes, tracker.atBoundary], [2, 22, true]);
});

test("foreign extensions give reserved bits and opcodes a meaning, and change no other rule", () => {
  const foreign = { foreignExtensions: true };
  for (const opcode of [3, 7, 0xb, 0xf]) assert.ok(!read(foreign, frame({ opcode, payload: "?" })).broken);
  for (const rsv of [1, 2, 4, 7]) {
    for (const opcode of [OPCODE.text, OPCODE.ping]) assert.ok(!read(foreign, frame({ opcode, rsv })).broken);
  }
  assert.deepEqual(read(foreign, frame({ opcode: 0xb, payload: "?" })).events, [eventOf(0xb, Buffer.from("?"))]);
  assert.deepEqual(read(foreign, frame({ opcode: 0xb, fin: false })).events, ["control-fragmented"]);
  assert.deepEqual(read(foreign, frame({ opcode: 3, mask: false })).events, ["wrong-masking"]);
  assert.deepEqual(read(foreign, frame({ opcode: OPCODE.continuation })).events, ["unexpected-continuation"]);
});

test("two bytes that break a rule are enough: the rest of the frame is not waited for", () => {
  const start = frame({ opcode: OPCODE.close, payload: Buffer.alloc(300) }).subarray(0, 2);
  assert.deepEqual(read({}, start).events, ["control-too-long"]);
});

test("a 64-bit length up to its greatest value is believed, above that refused", () => {
  const huge = (claims: bigint) => frame({ opcode: OPCODE.binary, claims, lengthForm: 64 });
  assert.ok(read({}, huge(2n ** 63n - 1n)).tracker.bytesToBoundary >= 2 ** 62);
  assert.deepEqual(read({}, huge(2n ** 63n)).events, ["length-too-large"]);
  assert.deepEqual(read({ messageBytesMax: 2 ** 30 }, huge(2n ** 62n)).events, ["message-too-large"]);
});

test("a control payload is a copy: what comes later does not change it", () => {
  const bytes = Buffer.concat([frame({ opcode: OPCODE.ping, payload: "abc", mask: false })]);
  const tracker = new FrameTracker({ ...CLIENT, masked: false });
  assert.equal(tracker.scan(bytes, 0), Scan.control);
  const payload = tracker.controlPayload(bytes);
  bytes.fill(0);
  assert.equal(Buffer.from(payload).toString(), "abc");
});

test("a close payload is judged after it was unmasked", () => {
  const close = (payload: Buffer) => read({}, frame({ opcode: OPCODE.close, payload, mask: [0xff, 0x0f, 0xaa, 0x55] }));
  assert.deepEqual(close(closePayload(1000, "später")).events, [eventOf(8, closePayload(1000, "später"))]);
  assert.deepEqual(close(closePayload(1006)).events, ["bad-close-payload"]);
  assert.deepEqual(close(closePayload(3000, Buffer.from([0xed, 0xa0, 0x80]))).events, ["bad-close-payload"]);
});
