import { z } from "zod";

import { NO_INPUT } from "./route.ts";
import type { Route } from "./route.ts";
import { errorSchema } from "./schemas.ts";
import { SHAPES } from "./shape.ts";

type Json = Readonly<Record<string, unknown>>;

const MEANINGS: Readonly<Record<number, string>> = {
  200: "Done.",
  201: "Begun, or added; Location says where it is.",
  400: "The request is no good HTTP, or its body no JSON.",
  401: "The token is missing or wrong.",
  403: "A page of another origin may not change anything.",
  404: "There is no such thing.",
  409: "It does not fit to what there is.",
  413: "The body is too large.",
  415: "The body is not declared as JSON.",
  421: "The admin API is not called that.",
  422: "Something that was given is wrong; each mistake is named.",
  500: "Something failed that should not.",
  503: "Not now.",
};

/** Errors of everything but probes. */
const GUARDED = [400, 401, 421, 500];
/** Errors of everything that changes something. */
const CHANGING = [403, 413, 415, 422];

const reference = (schema: z.ZodType): Json => ({
  $ref: `#/components/schemas/${SHAPES.get(schema)?.id ?? "unnamed"}`,
});

/** Describes routes as an OpenAPI 3.1 document. */
export function describeDocument(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, Json>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route);
  return {
    openapi: "3.1.0",
    info: {
      title: "fairlead",
      version: "1",
      description:
        "The admin API of a fairlead instance. Fields may be added; those that there are keep their meaning.",
    },
    security: [{ bearer: [] }, {}],
    paths,
    components: {
      schemas: components(),
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "Where the configuration has an admin.token." },
      },
    },
  };
}

function operation(route: Route): Json {
  const parameters = [...route.template.names.map(pathParameter), ...queryParameters(route.query)];
  const hasInput = route.input !== NO_INPUT;
  return {
    operationId: operationId(route),
    summary: route.summary,
    ...(route.open && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(hasInput && { requestBody: { required: true, content: json(reference(route.input)) } }),
    responses: responses(route),
  };
}

/** `getPoolsBackends`: what generated clients call it. */
function operationId({ method, path }: Route): string {
  const words =
    path
      .replace("/api/v1", "")
      .replaceAll(/\{(\w+)\}/g, "by/$1")
      .match(/\w+/g) ?? [];
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}

function pathParameter(name: string): Json {
  return { name, in: "path", required: true, schema: { type: "string" } };
}

function queryParameters(query: z.ZodObject): Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(query, { io: "input" });
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}

function responses(route: Route): Json {
  const { status, output, media, open, method } = route;
  const query = Object.keys(route.query.shape).length > 0 ? [422] : [];
  const errors = [...route.errors, ...query, ...(open ? [500] : GUARDED), ...(method === "GET" ? [] : CHANGING)];
  const good = {
    ...(output !== undefined && json(reference(output))),
    ...(media !== undefined && { [media]: { schema: { type: "string" } } }),
  };
  // Probes tell by their status, in one form.
  const bad = (code: number): Json => (open && code === 503 ? good : json(reference(errorSchema)));
  const told: Record<string, Json> = { [status]: { description: MEANINGS[status], content: good } };
  for (const code of errors) told[code] = { description: MEANINGS[code], content: bad(code) };
  return told;
}

function json(schema: Json): Json {
  return { "application/json": { schema } };
}

function components(): Json {
  const { schemas } = z.toJSONSchema(SHAPES, { io: "input", uri: (id) => `#/components/schemas/${id}` });
  const named: Record<string, Json> = {};
  for (const [id, { $schema: _dialect, $id: _address, ...schema }] of Object.entries(schemas)) named[id] = schema;
  return named;
}
