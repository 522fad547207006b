/** What is relayed while a tunnel is open: every byte, in order, to the other side only, and ours never inside a frame. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { frame, OPCODE, readFrame } from "../kit/frames.ts";
import type { Frame } from "../kit/frames.ts";
import { openWorld } from "./world.ts";
import type { FakeLeg } from "./world.ts";

const anyFrame = fc.record({
  opcode: fc.constantFrom(OPCODE.text, OPCODE.binary, OPCODE.ping, OPCODE.pong),
  size: fc.oneof(fc.nat({ max: 12 }), fc.constantFrom(0, 124, 125)),
  parts: fc.integer({ min: 1, max: 3 }),
  form: fc.constantFrom(7 as const, 16 as const, 64 as const),
});

/** Frames of one leg, each with a payload of its own: the leg's letter and a number. */
const traffic = (letter: string, mask: boolean) =>
  fc.array(anyFrame, { minLength: 1, maxLength: 8 }).map((frames) =>
    Buffer.concat(
      frames.flatMap(({ opcode, size, parts, form }, index) => {
        const payload = `${letter}${index}`.padEnd(size, letter);
        if (opcode >= OPCODE.ping) return [frame({ opcode, payload, mask })];
        return Array.from({ length: parts }, (_, part) =>
          frame({
            opcode: part === 0 ? opcode : OPCODE.continuation,
            fin: part === parts - 1,
            payload,
            mask,
            lengthForm: form === 7 ? 16 : form,
          }),
        );
      }),
    ),
  );

/** One thing that happens in a tunnel; legs are numbered. */
const anyStep = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ what: fc.constant("send" as const), leg: fc.nat(1), size: fc.integer({ min: 1, max: 30 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constantFrom("stall" as const, "drain" as const),
      leg: fc.nat(1),
      size: fc.constant(0),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      what: fc.constantFrom("ping" as const, "pong" as const),
      leg: fc.nat(1),
      size: fc.constant(0),
    }),
  },
);

interface Peer {
  readonly leg: FakeLeg;
  readonly toSend: Buffer;
  sent: number;
  /** Heartbeats that the peer owes an answer to. */
  readonly owed: Frame[];
  /** What was heard, without heartbeats. */
  readonly heard: Buffer[];
  heartbeats: number;
}

const peerAt = (leg: FakeLeg, toSend: Buffer): Peer => ({ leg, toSend, sent: 0, owed: [], heard: [], heartbeats: 0 });

/** A frame by what it says, so that both directions can be compared whatever the masks and length forms. */
const saying = ({ fin, opcode, payload }: Frame): Buffer => frame({ fin, opcode, payload, mask: false });

/** Splits what a leg got into heartbeats, which have eight bytes that no traffic here has, and the rest. */
const listen = (peer: Peer): void => {
  for (const got of peer.leg.frames()) {
    const isOurs =
      got.opcode === OPCODE.ping && got.payload.length === 8 && !/^[cb]\d/.test(got.payload.toString("latin1"));
    if (isOurs) {
      peer.owed.push(got);
      peer.heartbeats += 1;
    } else peer.heard.push(saying(got));
  }
};

/** What the frames in these bytes say. */
const framesOf = (bytes: Buffer): Buffer[] => {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const next = readFrame(bytes.subarray(at));
    assert.ok(next !== undefined);
    found.push(saying(next.value));
    at += next.used;
  }
  return found;
};

const sendSome = (peer: Peer, size: number): void => {
  const chunk = Buffer.from(peer.toSend.subarray(peer.sent, peer.sent + size));
  peer.sent += chunk.length;
  if (chunk.length > 0) peer.leg.bytes(chunk);
};

const answer = (peer: Peer, atBoundary: boolean): void => {
  if (!atBoundary) return;
  for (const { payload } of peer.owed.splice(0)) peer.leg.send({ opcode: OPCODE.pong, payload });
};

test("whatever the chunks and the backpressure, every byte arrives in order and once, and heartbeats only between frames", () => {
  fc.assert(
    fc.property(
      traffic("c", true),
      traffic("b", false),
      fc.array(anyStep, { maxLength: 60 }),
      (fromClient, fromBackend, steps) => {
        const world = openWorld({ maxMessageSize: "off" });
        const peers = [peerAt(world.client, fromClient), peerAt(world.backend, fromBackend)] as const;
        let pings = 0;
        for (const { what, leg, size } of steps) {
          const peer = peers[leg as 0 | 1];
          const side = world.tunnel[peer.leg.name];
          if (what === "send") sendSome(peer, size);
          else if (what === "stall") peer.leg.stalled = true;
          else if (what === "drain") peer.leg.drain();
          else if (what === "pong") answer(peer, isBoundary(peer));
          else if (side.atBoundary) {
            side.ping();
            pings += 1;
          }
          for (const each of peers) listen(each);
        }
        for (let turn = 0; turn < 3; turn += 1) {
          for (const peer of peers) {
            peer.leg.drain();
            sendSome(peer, Number.POSITIVE_INFINITY);
          }
        }
        for (const peer of peers) listen(peer);
        assert.equal(world.tunnel.cause, undefined);
        assert.equal(peers[0].heartbeats + peers[1].heartbeats, pings);
        assert.deepEqual(peers[1].heard, framesOf(fromClient));
        assert.deepEqual(peers[0].heard, framesOf(fromBackend));
        assert.deepEqual([world.client.unfinished, world.backend.unfinished], [0, 0]);
      },
    ),
    { numRuns: 300 },
  );
});

/** Whether the peer has sent whole frames only. */
function isBoundary(peer: Peer): boolean {
  let at = 0;
  while (at < peer.sent) at += readFrame(peer.toSend.subarray(at))?.used ?? 0;
  return at === peer.sent;
}

test("without heartbeats the bytes that arrive are the very bytes that were sent", () => {
  fc.assert(
    fc.property(
      traffic("c", true),
      traffic("b", false),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (fromClient, fromBackend, sizes) => {
        const { client, backend } = openWorld({ maxMessageSize: "off" });
        for (const [from, bytes, to] of [
          [client, fromClient, backend],
          [backend, fromBackend, client],
        ] as const) {
          for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
            const size = sizes[turn % sizes.length] ?? 1;
            to.stalled = size % 3 === 0;
            from.bytes(Buffer.from(bytes.subarray(at, at + size)));
            at += size;
            to.drain();
          }
          assert.ok(to.output.equals(bytes));
        }
      },
    ),
  );
});

test("a reader with a backlog pauses its writer until the backlog is gone, and only that one", () => {
  const { client, backend } = openWorld();
  client.stalled = true;
  backend.send({ opcode: OPCODE.text, payload: "one" });
  assert.deepEqual([backend.paused, client.paused], [true, false]);
  backend.send({ opcode: OPCODE.text, payload: "two" });
  assert.equal(client.frames().length, 1, "the second waits at its sender");
  client.send({ opcode: OPCODE.text, payload: "other way" });
  assert.equal(backend.frames().length, 1);
  client.drain();
  assert.equal(backend.paused, false);
  assert.equal(client.frames().length, 1);
});

test("the pong of a heartbeat is swallowed in whatever pieces it comes, others pass, old ones are ours all the same", () => {
  for (let cut = 1; cut < 14; cut += 1) {
    const { client, backend, tunnel } = openWorld();
    for (const side of [tunnel.client, tunnel.client]) side.ping();
    const [first, second] = client.frames();
    assert.ok(first !== undefined && second !== undefined);
    const pong = frame({ opcode: OPCODE.pong, payload: second.payload });
    client.bytes(pong.subarray(0, cut));
    client.bytes(pong.subarray(cut));
    client.send({ opcode: OPCODE.pong, payload: first.payload }, { opcode: OPCODE.pong, payload: "unasked" });
    client.send({ opcode: OPCODE.pong }, { opcode: OPCODE.pong, payload: "8 bytes!" });
    assert.deepEqual(
      backend.frames().map(({ payload }) => payload.toString()),
      ["unasked", "", "8 bytes!"],
    );
  }
});

test("a heartbeat that comes back as a ping, or as the pong of the other leg, is none of ours", () => {
  const { client, backend, tunnel } = openWorld();
  tunnel.client.ping();
  const payload = client.frames()[0]?.payload ?? Buffer.alloc(0);
  client.send({ opcode: OPCODE.ping, payload });
  backend.send({ opcode: OPCODE.pong, payload });
  assert.deepEqual([backend.frames().length, client.frames().length], [1, 1]);
});
