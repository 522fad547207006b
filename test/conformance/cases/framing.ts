import { binary, chopped, noise, text, words, type Case } from "../case.ts";

const LENGTHS = [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, 1_048_576];

const LARGE = 5_000;

const whole: Case[] = LENGTHS.flatMap((length) => [
  { name: `a text of ${length} bytes`, frames: [text(words(length))] },
  { name: `${length} bytes of binary`, frames: [binary(noise(length))] },
]);

const small: Case[] = LENGTHS.filter((length) => length < 200).flatMap((length) =>
  chopped({ name: `a text of ${length} bytes and one of three`, frames: [text(words(length)), text("end")] }).slice(1),
);

const big: Case[] = LENGTHS.filter((length) => length > LARGE).map((length) => ({
  name: `${length} bytes of binary, in pieces of 997 bytes`,
  frames: [binary(noise(length))],
  chop: 997 * (length > 100_000 ? 16 : 1),
}));

/** Lengths in every form, texts and binary, and what is wrong with a length or a mask. */
export const framing: readonly Case[] = [
  ...whole,
  ...small,
  ...big,
  { name: "a hundred messages in one piece", frames: Array.from({ length: 100 }, (_, at) => text(`message ${at}`)) },
  { name: "a length of 5 in the 16-bit form", frames: [text("hello", { lengthForm: 16 })] },
  { name: "a length of 5 in the 64-bit form", frames: [text("hello", { lengthForm: 64 })] },
  { name: "a length of 1000 in the 64-bit form", frames: [text(words(1000), { lengthForm: 64 })] },
  { name: "masked with a key of zeros", frames: [text("hello", { mask: [0, 0, 0, 0] })] },
];

/** What no receiver can go on after. */
export const brokenFraming: readonly Case[] = [
  ...chopped({
    name: "a 64-bit length with the top bit set",
    frames: [text("hello"), text("", { claims: 2n ** 63n, lengthForm: 64 })],
    breaksFraming: true,
    differs: [
      {
        peers: ["ws"],
        close: 1002,
        because: "ws takes it for a message that is too large; RFC 6455 5.2 forbids the bit",
      },
      { peers: ["gorilla"], close: 1002, because: "gorilla ends the connection without a Close; fairlead says why" },
      { peers: ["python"], close: 1002, directly: "still open", because: "Python waits for that many bytes" },
    ],
  }),
  ...chopped({
    name: "a text masked wrongly for its side",
    frames: [text("hello"), text("x", { masksWrongly: true })],
    breaksFraming: true,
  }),
  {
    name: "a binary masked wrongly for its side",
    frames: [binary(noise(200), { masksWrongly: true })],
    breaksFraming: true,
  },
  {
    name: "a long binary masked wrongly for its side",
    frames: [binary(noise(70_000), { masksWrongly: true })],
    breaksFraming: true,
  },
];
