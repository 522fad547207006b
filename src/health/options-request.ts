import { z } from "zod";
import { isFieldText, isOfOneHop, isToken, parseAuthority } from "../http/index.ts";

const MAX_PORT = 65_535;
const MAX_VALUE = 4096;
const MAX_HEADERS = 64;

/** Where a probe goes instead of the backend's own port. */
export const whereFields = {
  port: z
    .int()
    .min(1)
    .max(MAX_PORT)
    .optional()
    .describe("Port to ask instead of the backend's own, such as that of a sidecar or of a management page."),
  tls: z
    .boolean()
    .optional()
    .describe(
      "Whether that `port` speaks TLS, in the way of the pool's `tls`; without it as the backend's URL says. Needs `port`.",
    ),
};

/** A port of the backend's own speaks what its URL says; to ask it otherwise fails always. */
export function tlsNeedsPort({
  port,
  tls,
}: {
  readonly port?: number | undefined;
  readonly tls?: boolean | undefined;
}) {
  return tls === undefined || port !== undefined;
}

/** What is said where {@link tlsNeedsPort} does not hold. */
export const TLS_WITHOUT_PORT = {
  error: "the backend's own port speaks what its URL says; give the port too that speaks otherwise, or leave tls out",
  path: ["tls"],
};

/** The Host header of a probe. */
export const hostField = z
  .string()
  .max(MAX_VALUE)
  .refine((text) => parseAuthority(text) !== undefined, {
    error: "expected a host name or address, with or without a port, such as chat.example.com",
  })
  .optional()
  .describe(
    "The Host header, instead of the address that is asked. The name of TLS stays what the pool's `tls` says, as for tunnels.",
  );

/** Headers that a probe sends besides its own. */
export const headersField = z
  .record(z.string(), z.string().max(MAX_VALUE))
  .superRefine((headers, context) => {
    const names = Object.keys(headers);
    const say = (message: string, path: string[], input: unknown): void =>
      context.addIssue({ code: "custom", message, path, input });
    if (names.length > MAX_HEADERS) say(`expected at most ${MAX_HEADERS} headers, found ${names.length}`, [], headers);
    for (const [at, name] of names.entries()) {
      const before = names.slice(0, at).find((other) => other.toLowerCase() === name.toLowerCase());
      const problem = before === undefined ? nameProblem(name) : `this header is there already, as ${before}`;
      if (problem !== undefined) say(problem, [name], name);
      else if (!isFieldText(headers[name] ?? "")) say(WRONG_VALUE, [name], headers[name]);
    }
  })
  .prefault({})
  .describe(
    "Headers to send besides, name to value, such as `Authorization` or `Origin`. `User-Agent` and `Accept` take the place of the probe's own.",
  );

/** RFC 9110 section 5.5; what it calls obsolete text is left out: nobody can say what a backend reads there. */
const WRONG_VALUE = "expected visible ASCII characters, with blanks and tabs only between them";

/** What is wrong with a header's name, and what would be right. */
function nameProblem(name: string): string | undefined {
  if (!isToken(name)) return "expected the name of a header, such as X-Api-Key";
  const lower = name.toLowerCase();
  if (lower === "host") return "the Host header has a key of its own; give host, beside headers";
  if (lower === "sec-websocket-protocol")
    return "a subprotocol has a key of its own; give subprotocol, with kind: websocket";
  if (lower.startsWith("sec-websocket-")) return "the probe makes its own handshake; leave this header out";
  if (lower === "content-length") return "a probe has no body; leave this header out";
  return isOfOneHop(lower) ? "the probe says itself how its connection is used; leave this header out" : undefined;
}
