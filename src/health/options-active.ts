import { z } from "zod";
import { durationField, regexProblem } from "../base/index.ts";
import { headersField, hostField, TLS_WITHOUT_PORT, tlsNeedsPort, whereFields } from "./options-request.ts";

const MAX_THRESHOLD = 1000;
const MAX_PATH = 2048;
const MAX_TEXT = 4096;
const STATUS_MIN = 100;
const STATUS_MAX = 599;

/** A path, with its query if there is one, that can be asked for. */
export const probePathField = z
  .string()
  .max(MAX_PATH)
  .regex(/^\/[!-"$-~]*$/, {
    error: 'expected a path that begins with "/", without blanks and "#", such as "/socket"',
  });

const regex = z
  .string()
  .min(1)
  .max(MAX_TEXT)
  .superRefine((source, context) => {
    const problem = regexProblem(source);
    if (problem !== undefined) context.addIssue({ code: "custom", message: problem, input: source });
  });

/** Only what has both gets this; other mistakes have words of their own. */
function bothError({ input }: { readonly input?: unknown }): string | undefined {
  const isBoth = typeof input === "object" && input !== null && "contains" in input && "regex" in input;
  return isBoth ? "give either contains or regex" : undefined;
}

const expectation = z.union(
  [
    z.strictObject({ contains: z.string().min(1).max(MAX_TEXT).describe("A text that it has to contain.") }),
    z.strictObject({ regex: regex.describe("A regular expression of JavaScript that has to be found in it.") }),
  ],
  { error: bothError },
);

const statusNumber = z.int().min(STATUS_MIN).max(STATUS_MAX);
const statusClass = z.enum(["1xx", "2xx", "3xx", "4xx", "5xx"]);
const STATUS_WANTED = 'expected a status such as 204, a class of them such as "2xx", or a range such as "200-399"';

const statusRange = z
  .string()
  .regex(/^[1-5]\d\d-[1-5]\d\d$/, { error: STATUS_WANTED, abort: true })
  .refine((range) => range.slice(0, 3) <= range.slice(4), {
    error: "the range ends before it begins; write the lower status first",
  });

const status = z.union([statusNumber, statusClass, statusRange], { error: STATUS_WANTED });

const pace = {
  interval: durationField({ min: 100 })
    .prefault("5s")
    .describe("Time from the beginning of one probe to that of the next."),
  jitter: z
    .number()
    .min(0)
    .max(1)
    .prefault(0.2)
    .describe("Share, 0 to 1, by which an interval is shortened at random, so that probes do not come in step."),
  timeout: durationField()
    .prefault("2s")
    .describe("For the whole probe, the connection included. After it the probe has failed."),
  rise: z
    .int()
    .min(1)
    .max(MAX_THRESHOLD)
    .prefault(2)
    .describe("Probes in a row that have to succeed before an unhealthy backend is healthy again."),
  fall: z
    .int()
    .min(1)
    .max(MAX_THRESHOLD)
    .prefault(3)
    .describe("Probes in a row that have to fail before a backend is unhealthy."),
};

/** Only what says no kind that there is gets this; mistakes within a kind have words of their own. */
function kindError({ input }: { readonly input?: unknown }): string | undefined {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return undefined;
  return 'expected the kind of the probe: "tcp", "http" or "websocket"';
}

const tcp = z
  .strictObject({ kind: z.literal("tcp"), ...pace, ...whereFields })
  .refine(tlsNeedsPort, TLS_WITHOUT_PORT)
  .describe(
    "Connects, with TLS where the backend's URL has it, and lets go. A frozen process still passes: its system accepts for it.",
  );

const http = z
  .strictObject({
    kind: z.literal("http"),
    ...pace,
    ...whereFields,
    method: z
      .enum(["GET", "HEAD"])
      .prefault("GET")
      .describe(
        "What is asked for: the page, or with `HEAD` its head alone. A redirect is not followed: it is an answer.",
      ),
    path: probePathField.prefault("/").describe("Path, and query if there is one, of the request."),
    host: hostField,
    headers: headersField,
    statuses: z
      .union([
        ...[statusNumber, statusClass, statusRange].map((one) => one.transform((only) => [only])),
        z.array(status).min(1),
      ])
      .prefault(["2xx"])
      .describe('Statuses, such as 204, classes of them, such as "2xx", and ranges, such as "200-399", that are well.'),
    expect: expectation
      .optional()
      .describe("What the first 64 KiB of the body have to hold; without it the body is not read."),
  })
  .refine(tlsNeedsPort, TLS_WITHOUT_PORT)
  .refine(({ method, expect }) => method === "GET" || expect === undefined, {
    error: "an answer to HEAD has no body to hold this; ask with method: GET, or leave expect out",
    path: ["expect"],
  })
  .describe("Asks for a page.");

const websocket = z
  .strictObject({
    kind: z.literal("websocket"),
    ...pace,
    ...whereFields,
    path: probePathField.prefault("/").describe("Path, and query if there is one, of the handshake."),
    host: hostField,
    headers: headersField,
    subprotocol: z
      .string()
      .regex(/^[!#$%&'*+\-.^_`|~\dA-Za-z]+$/, { error: 'expected the name of one subprotocol, such as "mqtt"' })
      .optional()
      .describe("Subprotocol to ask for; the backend has to take it."),
    send: z.string().max(MAX_TEXT).optional().describe("A text message that is sent first."),
    expect: expectation
      .optional()
      .describe("What a message of the backend, text or binary, has to hold; others are stepped over."),
  })
  .refine(tlsNeedsPort, TLS_WITHOUT_PORT)
  .describe("Opens a WebSocket, which has to be answered with 101, then pings it and waits for the pong.");

/** Probes of backends that are well too. */
export const activeSchema = z
  .union([z.literal("off"), z.discriminatedUnion("kind", [tcp, http, websocket], { error: kindError })])
  .prefault("off")
  .describe(
    "Probes of every backend, at all times, by the instance and not by each worker. They also decide when a backend is well again, in the place of `probe` and `successThreshold`.",
  );

/** What to ask a backend all the time. */
export type ActiveOptions = Exclude<z.output<typeof activeSchema>, "off">;

/** What an answer has to hold. */
export type Expectation = z.output<typeof expectation>;
