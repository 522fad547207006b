import { closePayload } from "../../kit/frames.ts";
import { chopped, close, continued, noise, ping, text, words, type Case } from "../case.ts";

const VALID_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];

/** Codes that must not be on the wire (RFC 6455 7.4), and some that nobody has defined. */
const FORBIDDEN_CODES = [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];

const ending = (name: string, frames: Case["frames"]): Case => ({ name, frames, saysGoodbye: false });

/** Clean ends. */
export const closing: readonly Case[] = [
  ...chopped(ending("a close without a code", [close(closePayload())])),
  ...chopped(ending("a close behind a text", [text("hello"), close()])),
  ...VALID_CODES.map((code) => ending(`a close with ${code}`, [text("hello"), close(closePayload(code))])),
  ending("a close with a reason", [close(closePayload(1000, "so long"))]),
  ending("a close with a reason of 123 bytes", [close(closePayload(1000, words(123)))]),
  ending("a close with a reason in greek", [close(closePayload(1000, "τέλος"))]),
  ending("a text behind the close", [text("hello"), close(), text("too late")]),
  ending("a ping behind the close", [close(), ping("too late")]),
  ending("two closes", [close(closePayload(1000)), close(closePayload(1001))]),
  {
    ...ending("a long text behind the close", [close(), text(words(300_000))]),
    differs: [
      {
        peers: ["node client"],
        close: 1000,
        directly: "still open",
        because: "Node's client never ends here; fairlead passes nothing on behind a Close",
      },
    ],
  },
  ending("a close within a fragmented message", [text("a", { fin: false }), close()]),
  ending("a broken frame behind the close", [text("hello"), close(), { opcode: 3, payload: "x" }]),
];

const NOT_TEXT: Partial<Case> = {
  breaksFraming: true,
  differs: [
    { peers: ["ws", "python"], close: 1002, because: "they say 1007; to fairlead any bad payload of a Close is 1002" },
  ],
};

/** Ends that the RFC forbids. */
export const brokenClosing: readonly Case[] = [
  ...FORBIDDEN_CODES.map((code): Case => ({
    ...ending(`a close with ${code}`, [text("hello"), close(closePayload(code))]),
    breaksFraming: true,
  })),
  ...chopped({
    ...ending("a close with one byte", [text("hello"), close(Buffer.from([3]))]),
    breaksFraming: true,
    differs: [{ peers: ["gorilla"], close: 1002, because: "gorilla takes it for a Close without a code" }],
  }),
  { ...ending("a close of 126 bytes", [text("hello"), close(closePayload(1000, words(124)))]), breaksFraming: true },
  {
    ...ending("a close that is not the last", [
      text("hello"),
      close(closePayload(1000), { fin: false }),
      continued("x"),
    ]),
    breaksFraming: true,
  },
  {
    ...ending("a close with a reason that is not text", [
      text("hello"),
      close(closePayload(1000, Buffer.from([0xff, 0xfe]))),
    ]),
    ...NOT_TEXT,
  },
  {
    ...ending("a close with a reason cut inside a character", [close(closePayload(1000, Buffer.from([0x61, 0xce])))]),
    ...NOT_TEXT,
  },
  { ...ending("a close of 125 bytes of noise", [close(Buffer.concat([closePayload(1000), noise(123)]))]), ...NOT_TEXT },
];
