import { binary, chopped, continued, noise, ping, text, words, type Case, type CaseFrame } from "../case.ts";

const split = (
  payload: Buffer,
  size: number,
  opening: (part: Buffer, more: Partial<CaseFrame>) => CaseFrame,
): CaseFrame[] => {
  const frames: CaseFrame[] = [];
  for (let at = 0; at < payload.length; at += size) {
    const part = payload.subarray(at, at + size);
    const fin = at + size >= payload.length;
    frames.push(at === 0 ? opening(part, { fin }) : continued(part, { fin }));
  }
  return frames;
};

/** Messages in pieces. */
export const fragments: readonly Case[] = [
  ...chopped({ name: "a text in two fragments", frames: [text("one, ", { fin: false }), continued("two")] }),
  ...chopped({ name: "empty first fragment", frames: [text("", { fin: false }), continued("two")] }),
  { name: "empty last fragment", frames: [text("one", { fin: false }), continued("")] },
  { name: "empty fragments only", frames: [text("", { fin: false }), continued("", { fin: false }), continued("")] },
  {
    name: "empty fragment in the middle",
    frames: [text("a", { fin: false }), continued("", { fin: false }), continued("b")],
  },
  { name: "a text in single bytes", frames: split(Buffer.from(words(300)), 1, text) },
  { name: "100 kB of binary in fragments of 1000", frames: split(noise(100_000), 1000, binary) },
  {
    name: "300 kB of binary in fragments of 65536, in pieces of 5000",
    frames: split(noise(300_000), 65_536, binary),
    chop: 5000,
  },
  {
    name: "two fragmented messages one behind the other",
    frames: [...split(noise(500), 100, binary), ...split(Buffer.from(words(500)), 100, text)],
  },
  {
    name: "a ping after each fragment",
    frames: split(Buffer.from(words(40)), 10, text)
      .flatMap((part, at) => [part, ping(`${at}`)])
      .slice(0, -1),
  },
  {
    name: "fragments with lengths in the 64-bit form",
    frames: [text("a", { fin: false, lengthForm: 64 }), continued("b", { lengthForm: 64 })],
  },
];

/** Fragments in an order that the RFC forbids. */
export const brokenFragments: readonly Case[] = [
  ...chopped({ name: "a continuation of nothing", frames: [text("hello"), continued("what")], breaksFraming: true }),
  {
    name: "a continuation of nothing that is not the last",
    frames: [continued("what", { fin: false })],
    breaksFraming: true,
  },
  { name: "an empty continuation of nothing", frames: [continued("")], breaksFraming: true },
  ...chopped({
    name: "a new text within a fragmented one",
    frames: [text("hello"), text("a", { fin: false }), text("b")],
    breaksFraming: true,
  }),
  {
    name: "a new binary within a fragmented text",
    frames: [text("a", { fin: false }), binary(noise(3))],
    breaksFraming: true,
  },
  {
    name: "a continuation behind the last one",
    frames: [text("a", { fin: false }), continued("b"), continued("c")],
    breaksFraming: true,
  },
];
