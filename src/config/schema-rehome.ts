import { z } from "zod";

import { durationField, sizeField } from "../base/index.ts";
import { isValidCloseCode } from "../websocket/index.ts";

/** What is said of a close code that no endpoint may send (RFC 6455 section 7.4). */
export const BAD_CLOSE_CODE = "this close code cannot be sent; use 1000 to 1003, 1007 to 1014, or 3000 to 4999";

const MAX_REPLAYED_MESSAGES = 100;
/** Each tunnel may need this much, so more would be a way to run out of memory. */
const MAX_SIZE = 16 * 1024 * 1024;
/** Nobody waits longer for a backend: a client that connects anew is served sooner. */
const MAX_TIMEOUT = 600_000;
const MAX_QUIET = 60_000;

const messagesField = z.number().int().min(0).max(MAX_REPLAYED_MESSAGES);

const code = z.number().int().refine(isValidCloseCode, { error: BAD_CLOSE_CODE });

/** Without defaults, since what a route does not say comes from the configuration's own `tunnel`. */
const fields = {
  buffer: sizeField({ min: 1, max: MAX_SIZE }).describe(
    "Most bytes of the client that wait while it has no backend; from there on it is not read from. At most 16 MiB.",
  ),
  timeout: durationField({ max: MAX_TIMEOUT }).describe(
    "Longest time without a backend; after it the client gets `backendLostCode`, or 1012 when it was a planned move. At most 10 minutes.",
  ),
  quiet: durationField({ max: MAX_QUIET }).describe(
    "Silence of the old backend after which a planned move takes it to have nothing in hand. Four times this is the longest wait for it. At most a minute.",
  ),
  holdMessage: sizeField({ max: MAX_SIZE }).describe(
    "Messages of the backend up to this size are passed on only when they are whole, so that none is cut when it is lost. At most 16 MiB.",
  ),
  replay: messagesField.describe(
    "How many of the client's first messages a new backend gets again, for protocols that begin with a login or a subscription.",
  ),
  replayBytes: sizeField({ min: 1, max: MAX_SIZE }).describe(
    "Most bytes of the messages that are sent again; when they are more, none is. At most 16 MiB.",
  ),
  swallowReplies: messagesField.describe(
    "How many of a new backend's first messages answer what is sent again, or greet the client anew. The client does not get those that it has had. With `replay`, what has waited follows them; else it waits for none.",
  ),
  handOverCodes: z
    .union([code.transform((one) => [one]), z.array(code)])
    .describe(
      "Close codes with which a backend hands its tunnels over instead of ending them, for example 1001 and 1012.",
    ),
};

const rehomeSchema = z.strictObject({
  buffer: fields.buffer.prefault("64KiB"),
  timeout: fields.timeout.prefault("5s"),
  quiet: fields.quiet.prefault("250ms"),
  holdMessage: fields.holdMessage.prefault("16KiB"),
  replay: fields.replay.prefault(0),
  replayBytes: fields.replayBytes.prefault("16KiB"),
  swallowReplies: fields.swallowReplies.prefault(0),
  handOverCodes: fields.handOverCodes.prefault([]),
});

const MEANING =
  "Whether a tunnel whose backend is drained, rebalanced or lost gets another backend while its client stays connected. `on` is with all defaults, in a route with what the configuration's own `tunnel` says.";

/** How a living tunnel gets another backend. */
export const rehomeField = z
  .union([z.literal("off"), z.literal("on").transform(() => rehomeSchema.parse({})), rehomeSchema])
  .describe(MEANING);

/** What a route says of it; `on` says nothing but that. */
export const routeRehomeField = z
  .union([
    z.literal("off"),
    z.literal("on").transform((): Partial<z.output<typeof rehomeSchema>> => ({})),
    z.strictObject(fields).partial(),
  ])
  .describe(MEANING);

/** Values for a route that turns re-homing on where the configuration has it off. */
export const REHOME_DEFAULTS = rehomeSchema.parse({});
