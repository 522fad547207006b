import { z } from "zod";
import { regexProblem } from "../base/index.ts";
import { isToken, parseAuthority, targetProblem } from "../http/index.ts";

/** What a check of a text found wrong; undefined when nothing. */
type Check = (text: string) => string | undefined;

function checkedString(check: Check) {
  return z.string().superRefine((text, context) => {
    const problem = check(text);
    if (problem !== undefined) {
      context.addIssue({ code: "custom", message: problem, input: text });
    }
  });
}

function pathProblem(path: string): string | undefined {
  if (!path.startsWith("/")) {
    return `expected a path that begins with "/", found ${JSON.stringify(path)}`;
  }
  return path.includes("?") || targetProblem(path) !== undefined
    ? "expected a path without query, fragment, blanks and control characters"
    : undefined;
}

function prefixProblem(path: string): string | undefined {
  if (path.endsWith("/*")) {
    return `a path matches everything below it; write ${JSON.stringify(path.slice(0, -2) || "/")}`;
  }
  return pathProblem(path);
}

function hostProblem(host: string): string | undefined {
  const authority = parseAuthority(host.startsWith("*.") ? host.slice(2) : host);
  if (authority === undefined) {
    return `expected a host such as "chat.example.com" or "*.example.com", found ${JSON.stringify(host)}`;
  }
  return authority.port === undefined ? undefined : `a route matches on every port; write "${authority.host}"`;
}

const regex = checkedString(regexProblem).describe(
  "A regular expression of JavaScript, found anywhere in the text unless anchored with ^ and $; case counts.",
);

const pathSchema = z
  .union(
    [
      checkedString(prefixProblem),
      z.strictObject({ exact: checkedString(pathProblem).describe("The whole path, as sent.") }),
      z.strictObject({ prefix: checkedString(prefixProblem).describe("The first segments of the path, as sent.") }),
      z.strictObject({ regex }),
    ],
    { error: 'expected a path such as "/chat", or one of { exact: PATH }, { prefix: PATH } and { regex: PATTERN }' },
  )
  .describe(
    "Path of the request, never decoded and without its query. Text is a prefix of whole segments: /chat takes /chat " +
      "and /chat/7, not /chatter. Default: every path.",
  );

const headerSchema = z.union([z.string(), z.strictObject({ regex }), z.strictObject({ present: z.literal(true) })], {
  error: "expected the header's value, or one of { regex: PATTERN } and { present: true }",
});

const headersSchema = z
  .record(z.string(), headerSchema)
  .superRefine((headers, context) => {
    for (const name of Object.keys(headers).filter((key) => !isToken(key))) {
      context.addIssue({ code: "custom", message: "expected the name of a header", input: name, path: [name] });
    }
  })
  .describe(
    "Headers that must all match: name (in any case) to an exact value, { regex: PATTERN } or { present: true }. Of " +
      "several lines with one name, one must match. Default: none.",
  );

/** Which requests a route takes: every condition that is given must hold; none means every request. */
export const routeMatchSchema = z
  .strictObject({
    host: checkedString(hostProblem)
      .optional()
      .describe(
        "Host of the request, without port and in any case. *.example.com takes every name below example.com, not " +
          "example.com itself. Default: every host.",
      ),
    path: pathSchema.optional(),
    headers: headersSchema.optional(),
  })
  .describe(
    "Which requests the route takes. The most specific route that matches wins, wherever it stands in the list.",
  );

/** Which requests a route takes, validated. */
export type RouteMatch = z.infer<typeof routeMatchSchema>;

/** One line about a match, for logs and for people; it holds no control characters. */
export function describeMatch(match: RouteMatch): string {
  const parts = [
    match.host === undefined ? [] : [`host ${match.host}`],
    match.path === undefined ? [] : [describePath(match.path)],
    Object.entries(match.headers ?? {}).map(([name, condition]) => describeHeader(name, condition)),
  ].flat();
  return parts.length === 0 ? "every request" : parts.join(", ");
}

function describePath(path: NonNullable<RouteMatch["path"]>): string {
  if (typeof path === "string") {
    return `path below ${path}`;
  }
  if ("exact" in path) {
    return `path ${path.exact}`;
  }
  return "prefix" in path ? `path below ${path.prefix}` : `path like ${JSON.stringify(path.regex)}`;
}

function describeHeader(name: string, condition: z.infer<typeof headerSchema>): string {
  if (typeof condition === "string") {
    return `header ${name} = ${JSON.stringify(condition)}`;
  }
  return "regex" in condition ? `header ${name} like ${JSON.stringify(condition.regex)}` : `header ${name}`;
}
