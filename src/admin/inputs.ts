import { z } from "zod";

import { formatDuration, parseDuration } from "../base/index.ts";
import type { Milliseconds } from "../base/index.ts";

import { shapeOf } from "./shape.ts";
import type { BackendChange, BackendInput, DrainInput, RebalanceInput, TunnelFilter, TunnelOrder } from "./source.ts";

/** Most tunnels on one page. */
const MAX_PAGE = 1_000;
const DEFAULT_PAGE = 100;
const MAX_WEIGHT = 1_000;
const MAX_CONNECTIONS = 10_000_000;
const MAX_RATE = 1_000_000;
/** What a timer can wait, in whole days. */
const MAX_DURATION: Milliseconds = 24 * 86_400_000;

const found = (input: unknown): string => JSON.stringify(input) ?? "nothing";

/** What every message of a field says: what would be right, and what is there. */
const expected = (what: string) => ({
  error: ({ input }: { input?: unknown }) => `expected ${what}, found ${found(input)}`,
});

const name = (what: string) => z.string(expected(what)).min(1, expected(what));

const DURATION = 'a duration with its unit, such as "500ms", "30s" or "1h30m"';
const DURATION_OR_OFF = `${DURATION}, or "off"`;

/** What is wrong with the text of a duration; undefined when nothing is. */
function durationProblem(text: string, help = DURATION): string | undefined {
  const value = parseDuration(text);
  if (value === undefined) return expected(help).error({ input: text });
  return value > MAX_DURATION ? expected(`at most ${formatDuration(MAX_DURATION)}`).error({ input: text }) : undefined;
}

const duration = z.string(expected(DURATION)).superRefine((text, context) => {
  const problem = durationProblem(text);
  if (problem !== undefined) context.addIssue(problem);
});

const durationOrOff = z.string(expected(DURATION_OR_OFF)).superRefine((text, context) => {
  const problem = text === "off" ? undefined : durationProblem(text, DURATION_OR_OFF);
  if (problem !== undefined) context.addIssue(problem);
});

const positive = (what: string, max: number) => z.number(expected(what)).gt(0, expected(what)).max(max, expected(what));

const RATE = `a number above 0 and at most ${MAX_RATE}`;
const WEIGHT = `a number above 0 and at most ${MAX_WEIGHT}`;
const share = z
  .number(expected("a number from 0 to 1"))
  .min(0, expected("a number from 0 to 1"))
  .max(1, expected("a number from 0 to 1"));

const CONNECTIONS = `a whole number from 1 to ${MAX_CONNECTIONS}, or "off"`;
const connections = z
  .int(expected(CONNECTIONS))
  .min(1, expected(CONNECTIONS))
  .max(MAX_CONNECTIONS, expected(CONNECTIONS));

const changeFields = {
  weight: positive(WEIGHT, MAX_WEIGHT).exactOptional().describe("1 is normal."),
  state: z
    .enum(["active", "draining"], expected('"active" or "draining"'))
    .exactOptional()
    .describe("`draining`: nothing new, and its tunnels are ended, or re-homed, at the pool's pace."),
  maxConnections: z
    .union([z.literal("off"), connections], expected(CONNECTIONS))
    .exactOptional()
    .describe("Most tunnels and requests at a time."),
};

/** A backend to be added. */
export const backendInputSchema = shapeOf<BackendInput>()(
  "BackendInput",
  z.strictObject({ url: name("a URL such as ws://10.0.0.7:8000"), ...changeFields }),
);

/** What is to be changed of a backend. */
export const backendChangeSchema = shapeOf<BackendChange>()(
  "BackendChange",
  z.strictObject(changeFields).refine((change) => Object.keys(change).length > 0, {
    error: "nothing is to be changed; give weight, state or maxConnections",
  }),
);

/** A drain to be begun. */
export const drainInputSchema = shapeOf<DrainInput>()(
  "DrainInput",
  z.strictObject({
    pool: name("the name of a pool"),
    backend: name("the name of a backend"),
    rate: positive(RATE, MAX_RATE).exactOptional().describe("Tunnels per second."),
    jitter: share.exactOptional().describe("Share by which each step's number varies at random."),
    waitIdle: durationOrOff
      .exactOptional()
      .describe("Only tunnels without data for so long are ended, until the deadline."),
    deadline: durationOrOff.exactOptional().describe("What is left after this is ended at once."),
  }),
);

/** A rebalance to be begun. */
export const rebalanceInputSchema = shapeOf<RebalanceInput>()(
  "RebalanceInput",
  z.strictObject({
    pool: name("the name of a pool"),
    perMinute: positive(RATE, MAX_RATE).exactOptional().describe("Tunnels per minute."),
    minAge: duration.exactOptional().describe("Tunnels that came to their backend less than so long ago stay there."),
    tolerance: share.exactOptional().describe("Share above the fair share that is left alone."),
    evens: z
      .enum(["method", "tunnels"])
      .exactOptional()
      .describe("What is evened: what the pool's balancing method compares, or the number of tunnels."),
  }),
);

/** A parameter that is a duration; milliseconds once parsed. */
const durationParameter = duration.transform((text): Milliseconds => parseDuration(text) ?? 0);

/** A parameter that is a whole number. */
const wholeParameter = (min: number, max: number) =>
  z
    .string()
    .transform((text, context): number => {
      const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
      if (value >= min && value <= max) return value;
      const what = `a whole number from ${min} ${max === Number.MAX_SAFE_INTEGER ? "on" : `to ${max}`}`;
      context.addIssue({ code: "custom", message: expected(what).error({ input: text }), input: text });
      return z.NEVER;
    })
    .meta({ type: "integer", minimum: min, ...(max < Number.MAX_SAFE_INTEGER && { maximum: max }) });

const text = (what: string) =>
  z
    .string()
    .min(1, expected(`${what}, or leave it out`))
    .optional();

const filterFields = {
  id: text("a tunnel's id"),
  pool: text("the name of a pool"),
  backend: text("the name of a backend"),
  route: text("the name of a route"),
  listener: text("the name of a listener"),
  client: text("a client's address"),
  host: text("a host"),
  minAge: durationParameter.optional().meta({ description: "Only tunnels that are at least so old, such as 5m." }),
  minIdle: durationParameter
    .optional()
    .meta({ description: "Only tunnels without data for at least so long, such as 30s." }),
};

/** Which tunnels are to be ended. */
export const filterQuery = z.strictObject(filterFields);

const ORDERS = ["age", "idle", "messages", "bytes", "rtt"] as const satisfies readonly TunnelOrder[];
const SORTS = ORDERS.flatMap((order) => [order, `-${order}` as const]);

/** Which tunnels are to be shown. */
export const tunnelsQuery = z.strictObject({
  ...filterFields,
  sort: z
    .enum(SORTS, expected(`one of ${SORTS.join(", ")} (a minus: the greatest first)`))
    .default("-age")
    .describe("A minus: the greatest first."),
  offset: wholeParameter(0, Number.MAX_SAFE_INTEGER).prefault("0"),
  limit: wholeParameter(1, MAX_PAGE).prefault(String(DEFAULT_PAGE)),
});

/** Where the events begin. */
export const eventsQuery = z.strictObject({
  after: wholeParameter(0, Number.MAX_SAFE_INTEGER)
    .optional()
    .meta({ description: "Only events behind the one with this number; Last-Event-ID wins." }),
});

/** Where the history begins. */
export const historyQuery = z.strictObject({
  since: z
    .string()
    .transform((written, context): number => {
      const value = timeOf(written);
      if (value !== undefined) return value;
      const what = "a time such as 2026-01-31T12:00:00Z, or milliseconds since 1970";
      context.addIssue({ code: "custom", message: expected(what).error({ input: written }), input: written });
      return z.NEVER;
    })
    .optional()
    .meta({ description: "Only younger samples: a time in ISO 8601, or milliseconds since 1970." }),
});

function timeOf(written: string): number | undefined {
  if (/^\d{1,15}$/.test(written)) return Number(written);
  const value = /^\d{4}-\d\d-\d\d/.test(written) ? Date.parse(written) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** The filter that parameters stand for. */
export function filterOf(query: z.output<typeof filterQuery>): TunnelFilter {
  const { id, pool, backend, route, listener, client, host, minAge, minIdle } = query;
  return {
    ...(id !== undefined && { id }),
    ...(pool !== undefined && { pool }),
    ...(backend !== undefined && { backend }),
    ...(route !== undefined && { route }),
    ...(listener !== undefined && { listener }),
    ...(client !== undefined && { client }),
    ...(host !== undefined && { host }),
    ...(minAge !== undefined && { minAgeMs: minAge }),
    ...(minIdle !== undefined && { minIdleMs: minIdle }),
  };
}

/** What tunnels are sorted by, and which way. */
export function orderOf(sort: (typeof SORTS)[number]): { readonly sort: TunnelOrder; readonly descending: boolean } {
  const order = ORDERS.find((one) => sort.endsWith(one)) ?? "age";
  return { sort: order, descending: sort.startsWith("-") };
}
