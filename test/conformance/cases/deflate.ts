import { constants, deflateRawSync } from "node:zlib";
import { RSV1 } from "../../kit/frames.ts";
import { binary, chopped, continued, noise, ping, text, words, type Case, type Difference } from "../case.ts";

const TAIL = 4;

/** A payload as permessage-deflate writes it (RFC 7692 7.2.1); `dictionary` is what was sent before under the same context. */
const squeezed = (payload: string | Buffer, dictionary?: string, windowBits = 15): Buffer => {
  const options = { finishFlush: constants.Z_SYNC_FLUSH, windowBits };
  const out = deflateRawSync(
    payload,
    dictionary === undefined ? options : { ...options, dictionary: Buffer.from(dictionary) },
  );
  return out.subarray(0, -TAIL);
};

const OFFER = "permessage-deflate";

const OFFERS = [
  OFFER,
  "permessage-deflate; client_no_context_takeover",
  "permessage-deflate; server_no_context_takeover",
  "permessage-deflate; client_no_context_takeover; server_no_context_takeover",
  "permessage-deflate; client_max_window_bits",
  "permessage-deflate; client_max_window_bits=10",
  "permessage-deflate; server_max_window_bits=10",
  "permessage-deflate; client_max_window_bits=9; server_max_window_bits=9",
  "permessage-deflate; server_max_window_bits=10, permessage-deflate",
  "permessage-deflate; unknown_parameter",
  "permessage-deflate; server_max_window_bits=99",
  "x-unknown",
  "x-unknown, permessage-deflate",
];

const HELLO = words(200);

const plain: Case[] = OFFERS.map((offer) => ({
  name: `plain messages under "${offer}"`,
  offer,
  frames: [text("short"), text(HELLO), binary(noise(3000)), text(words(70_000)), text(HELLO)],
}));

const compressed: Case[] = OFFERS.filter((offer) => !/unknown|99/.test(offer)).map((offer) => ({
  name: `compressed messages under "${offer}"`,
  offer,
  frames: [
    text(squeezed(HELLO, undefined, 9), { rsv: RSV1 }),
    binary(squeezed(noise(500), undefined, 9), { rsv: RSV1 }),
    ping("plain"),
    text(squeezed(""), { rsv: RSV1 }),
    text(squeezed(words(50_000), undefined, 9), { rsv: RSV1 }),
  ],
}));

const fragment = squeezed(HELLO);

/** permessage-deflate (RFC 7692): what is negotiated is the endpoints' business, and so is what is inside. */
export const deflate: readonly Case[] = [
  ...plain,
  ...compressed,
  {
    name: "the second message leans on the first",
    offer: OFFER,
    frames: [text(squeezed(HELLO), { rsv: RSV1 }), text(squeezed(HELLO, HELLO), { rsv: RSV1 })],
  },
  ...chopped({
    name: "a compressed message in fragments",
    offer: OFFER,
    frames: [
      text(fragment.subarray(0, 5), { rsv: RSV1, fin: false }),
      ping("between"),
      continued(fragment.subarray(5, 6), { fin: false }),
      continued(fragment.subarray(6)),
    ],
  }),
  { name: "a compressed message of 1 MiB", offer: OFFER, frames: [binary(squeezed(noise(1_048_576)), { rsv: RSV1 })] },
  {
    name: "compressed and plain by turns",
    offer: OFFER,
    frames: [text("a"), text(squeezed("b"), { rsv: RSV1 }), text("c")],
  },
  {
    name: "what is inside is not deflate",
    offer: OFFER,
    frames: [text("hello"), text(Buffer.from([0xff, 0xff, 0xff, 0xff]), { rsv: RSV1 })],
  },
  {
    name: "what is inside is not UTF-8",
    offer: OFFER,
    frames: [text(squeezed(Buffer.from([0x61, 0xff])), { rsv: RSV1 })],
  },
];

const LAX_NODE: Difference = {
  peers: ["node client"],
  close: 1012,
  messages: [],
  because: "Node's client takes RSV1 anywhere once permessage-deflate is agreed on",
};

/** RSV1 where it has no meaning. */
export const brokenDeflate: readonly Case[] = [
  {
    name: "RSV1 on a continuation",
    offer: OFFER,
    frames: [text(fragment.subarray(0, 5), { rsv: RSV1, fin: false }), continued(fragment.subarray(5), { rsv: RSV1 })],
    breaksFraming: true,
    differs: [LAX_NODE],
  },
  {
    name: "RSV1 on a ping",
    offer: OFFER,
    frames: [ping("x", { rsv: RSV1 })],
    breaksFraming: true,
    differs: [LAX_NODE],
  },
  {
    name: "RSV2 on a compressed text",
    offer: OFFER,
    frames: [text(squeezed("x"), { rsv: RSV1 | 2 })],
    breaksFraming: true,
  },
  { name: "RSV1 without any offer", frames: [text(squeezed("x"), { rsv: RSV1 })], breaksFraming: true },
];
