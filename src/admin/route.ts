import { z } from "zod";

import { parseBody, parseQuery } from "./input.ts";
import type { AdminSource } from "./source.ts";
import { compileTemplate, decodeSegment } from "./template.ts";
import type { Template } from "./template.ts";

/** What a handler is given. */
export interface Call<Query, Input> {
  /** A segment of the path by its name in the template, decoded. */
  param(name: string): string;
  readonly query: Query;
  readonly input: Input;
  /** The Accept header. */
  readonly accept: string | undefined;
}

/** What a handler gives. */
export type Reply =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly json: unknown }
  | { readonly contentType: string; readonly text: string }
  /** The stream of events, or their list, from behind the one with this number on. */
  | { readonly eventsAfter: number | undefined };

/** A request, before anything of it has been looked at. */
export interface RawCall {
  readonly path: string;
  /** Without its mark. */
  readonly query: string;
  /** Parsed JSON; undefined where there was no body. */
  readonly body: unknown;
  readonly accept: string | undefined;
}

export type Method = "GET" | "POST" | "PATCH" | "DELETE";

/** One thing that can be asked for: what serves it, and all that the OpenAPI document says of it. */
export interface Route {
  readonly method: Method;
  /** With parameters in braces. */
  readonly path: string;
  readonly template: Template;
  /** One line. */
  readonly summary: string;
  /** Asked by probes: needs neither a token nor a name of ours. */
  readonly open: boolean;
  readonly query: z.ZodObject;
  readonly input: z.ZodType;
  /** The status when all is well. */
  readonly status: number;
  /** What the JSON is then; undefined where the answer is text. */
  readonly output: z.ZodType | undefined;
  /** The media type of an answer that is no JSON, or that can be something else. */
  readonly media: string | undefined;
  /** Statuses of errors that are this route's own. */
  readonly errors: readonly number[];
  /** @throws Refusal, FairleadError */
  run(source: AdminSource, raw: RawCall): Promise<Reply>;
}

interface Definition<Query extends z.ZodObject, Input extends z.ZodType> {
  readonly summary: string;
  readonly open?: boolean;
  readonly query: Query;
  readonly input: Input;
  readonly status?: number;
  readonly output?: z.ZodType;
  readonly media?: string;
  readonly errors?: readonly number[];
  handle(source: AdminSource, call: Call<z.output<Query>, z.output<Input>>): Reply | Promise<Reply>;
}

/** Most routes have no parameters behind a question mark, and do not mind any. */
export const NO_QUERY = z.looseObject({});

/** Where nothing is to be sent, an empty object may be. */
export const NO_INPUT = z.strictObject({});

/** Makes a route; what it is given is checked before it is called. */
export function route<Query extends z.ZodObject, Input extends z.ZodType>(
  method: Method,
  path: string,
  definition: Definition<Query, Input>,
): Route {
  const { open = false, status = 200, output, media, errors = [], query, input, handle } = definition;
  const template = compileTemplate(path);
  return {
    method,
    path,
    template,
    summary: definition.summary,
    open,
    query,
    input,
    status,
    output,
    media,
    errors,
    async run(source, raw) {
      const values = template.match(raw.path)?.map(decodeSegment) ?? [];
      return handle(source, {
        param: (name) => values[template.names.indexOf(name)] ?? "",
        query: parseQuery(query, raw.query),
        input: parseBody(input, raw.body),
        accept: raw.accept,
      });
    },
  };
}

/** Makes a route that takes neither parameters behind a question mark nor a body. */
export function plainRoute(
  method: Method,
  path: string,
  definition: Omit<Definition<typeof NO_QUERY, typeof NO_INPUT>, "query" | "input">,
): Route {
  return route(method, path, { ...definition, query: NO_QUERY, input: NO_INPUT });
}
