import { chopped, continued, ping, text, type Case } from "../case.ts";

const bits: Case[] = [1, 2, 3, 4, 5, 6, 7].flatMap((rsv): Case[] => [
  { name: `a text with reserved bits ${rsv}`, frames: [text("hello"), text("bits", { rsv })], breaksFraming: true },
  { name: `a ping with reserved bits ${rsv}`, frames: [text("hello"), ping("bits", { rsv })], breaksFraming: true },
]);

const opcodes: Case[] = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].flatMap((opcode): Case[] => [
  { name: `opcode ${opcode}`, frames: [text("hello"), { opcode, payload: "x" }, text("after")], breaksFraming: true },
  { name: `opcode ${opcode} without a payload, at once`, frames: [{ opcode }], breaksFraming: true },
]);

/** Reserved bits nobody negotiated, and opcodes nobody has defined. */
export const reserved: readonly Case[] = [
  ...bits,
  ...opcodes,
  ...chopped({
    name: "opcode 3 behind an echo",
    frames: [text("hello"), { opcode: 3, payload: "reserved" }],
    breaksFraming: true,
  }).slice(1),
  { name: "a close with reserved bits 2", frames: [text("hello"), { opcode: 8, rsv: 2 }], breaksFraming: true },
  {
    name: "reserved bits on a continuation",
    frames: [text("a", { fin: false }), continued("b", { rsv: 1 })],
    breaksFraming: true,
  },
  {
    name: "opcode 5 between fragments",
    frames: [text("a", { fin: false }), { opcode: 5 }, continued("b")],
    breaksFraming: true,
  },
  {
    name: "opcode 11 between fragments",
    frames: [text("a", { fin: false }), { opcode: 11 }, continued("b")],
    breaksFraming: true,
  },
];
