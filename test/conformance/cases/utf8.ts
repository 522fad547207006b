import { binary, chopped, continued, text, type Case } from "../case.ts";

const GREEK = Buffer.from("κόσμε ἄνεμος", "utf8");

const VALID: Readonly<Record<string, string>> = {
  greek: GREEK.toString(),
  "the last of one byte": "\u007f",
  "the first and last of two bytes": "\u0080\u07ff",
  "the first and last of three bytes": "\u0800\uffff",
  "the first and last of four bytes": "\u{10000}\u{10ffff}",
  "around the surrogates": "\ud7ff\ue000\ufffd",
  "noncharacters, which are valid": "\ufffe\uffff\u{1fffe}",
  "a zero": "a\u0000b",
};

const INVALID: Readonly<Record<string, readonly number[]>> = {
  "a continuation byte alone": [0x80],
  "a start without its continuation": [0xce],
  "a start cut off by a letter": [0xce, 0x41],
  "three bytes cut to two": [0xe1, 0xbd],
  "four bytes cut to three": [0xf0, 0x90, 0x80],
  "an overlong slash": [0xc0, 0xaf],
  "an overlong zero of three bytes": [0xe0, 0x80, 0x80],
  "an overlong of four bytes": [0xf0, 0x8f, 0xbf, 0xbf],
  "a high surrogate": [0xed, 0xa0, 0x80],
  "a low surrogate": [0xed, 0xbf, 0xbf],
  "beyond the last code point": [0xf4, 0x90, 0x80, 0x80],
  "a start of five bytes": [0xf8, 0x88, 0x80, 0x80, 0x80],
  "the byte ff": [0xff],
};

const broken = (bytes: readonly number[]): Buffer => Buffer.concat([Buffer.from("sea "), Buffer.from(bytes)]);

const valid: Case[] = Object.entries(VALID).flatMap(([name, value]) =>
  chopped({ name: `valid text: ${name}`, frames: [text(value)] }),
);

const invalid: Case[] = Object.entries(INVALID).flatMap(([name, bytes]): Case[] => [
  { name: `invalid text: ${name}`, frames: [text("hello"), text(broken(bytes))] },
  { name: `invalid text in two fragments: ${name}`, frames: [text(broken(bytes), { fin: false }), continued(" more")] },
  { name: `binary is not text: ${name}`, frames: [binary(Buffer.from(bytes))] },
]);

/** Text is the endpoints' business: fairlead must change nothing about how they judge it. */
export const utf8: readonly Case[] = [
  ...valid,
  ...invalid,
  ...Array.from({ length: 5 }, (_, at): Case => ({
    name: `valid text split inside a character after byte ${at}`,
    frames: [text(GREEK.subarray(0, at), { fin: false }), continued(GREEK.subarray(at))],
  })),
  {
    name: "valid text with each byte its own fragment",
    frames: [...GREEK].map((byte, at) => {
      const part = { fin: at === GREEK.length - 1 };
      return at === 0 ? text(Buffer.from([byte]), part) : continued(Buffer.from([byte]), part);
    }),
  },
  { name: "invalid text byte by byte", frames: [text(Buffer.from([0xce, 0xba, 0xff]))], chop: 1 },
];
