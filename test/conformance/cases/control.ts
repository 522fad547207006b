import { chopped, continued, noise, ping, pong, text, type Case } from "../case.ts";

/** Pings and pongs, alone, in rows, and between fragments. */
export const control: readonly Case[] = [
  ...[0, 1, 124, 125].map((length): Case => ({ name: `a ping of ${length} bytes`, frames: [ping(noise(length))] })),
  ...chopped({ name: "a ping with text", frames: [ping("are you there")] }),
  { name: "ten pings in a row", frames: Array.from({ length: 10 }, (_, at) => ping(`ping ${at}`)) },
  {
    name: "ten pings in a row, byte by byte",
    frames: Array.from({ length: 10 }, (_, at) => ping(`ping ${at}`)),
    chop: 1,
  },
  { name: "a pong that nobody asked for", frames: [pong("unasked"), text("hello")] },
  { name: "an empty pong, then a ping", frames: [pong(), ping("after")] },
  { name: "a ping between two texts", frames: [text("one"), ping("between"), text("two")] },
  ...chopped({
    name: "a ping between fragments",
    frames: [text("first ", { fin: false }), ping("inside"), continued("second")],
  }),
  {
    name: "pings and pongs between many fragments",
    frames: [
      text("a", { fin: false }),
      ping("1"),
      continued("b", { fin: false }),
      pong("2"),
      ping(),
      continued("c", { fin: false }),
      ping("3"),
      continued("d"),
    ],
  },
];

/** Control frames that the RFC forbids. */
export const brokenControl: readonly Case[] = [
  { name: "a ping of 126 bytes", frames: [text("hello"), ping(noise(126))], breaksFraming: true },
  { name: "a ping of 126 bytes, in pieces of 3 bytes", frames: [ping(noise(126))], chop: 3, breaksFraming: true },
  { name: "a pong of 126 bytes", frames: [pong(noise(126))], breaksFraming: true },
  { name: "a ping of 70000 bytes", frames: [text("hello"), ping(noise(70_000))], breaksFraming: true },
  {
    name: "a ping of 5 bytes in the 16-bit form",
    frames: [ping("hello", { lengthForm: 16 })],
    breaksFraming: true,
    differs: [{ peers: ["python"], close: 1002, because: "Python looks at the length, not at its form" }],
  },
  {
    name: "a ping that says that it is not the last",
    frames: [text("hello"), ping("half", { fin: false }), continued("half")],
    breaksFraming: true,
  },
  { name: "a pong that says that it is not the last", frames: [pong("half", { fin: false })], breaksFraming: true },
  {
    name: "a ping that says so between fragments",
    frames: [text("a", { fin: false }), ping("b", { fin: false }), continued("c")],
    breaksFraming: true,
  },
];
