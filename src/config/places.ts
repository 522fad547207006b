import { z } from "zod";

/**
 * Where a key of this name stands in a schema, wherever that is.
 *
 * @returns ways as people write them: `pools.NAME.health`, `routes[].tunnel`; in the schema's order
 */
export function placesOf(schema: z.core.$ZodType, key: string): string[] {
  return [...new Set(keysOf(schema, "").flatMap(([path, name]) => (name === key ? [path] : [])))];
}

/** Every key in a schema, with the way to it. */
function keysOf(schema: z.core.$ZodType, path: string): (readonly [path: string, name: string])[] {
  if (schema instanceof z.ZodObject) {
    const shape: z.core.$ZodShape = schema.shape;
    return Object.entries(shape).flatMap(([name, field]) => {
      const inner = path === "" ? name : `${path}.${name}`;
      return [[inner, name] as const, ...keysOf(field, inner)];
    });
  }
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysOf(option, path));
  if (schema instanceof z.ZodArray) return keysOf(schema.element, `${path}[]`);
  if (schema instanceof z.ZodRecord) return keysOf(schema.valueType, `${path}.NAME`);
  if (schema instanceof z.ZodPipe) return keysOf(schema.in, path);
  const isWrapper =
    schema instanceof z.ZodOptional || schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault;
  return isWrapper ? keysOf(schema.unwrap(), path) : [];
}
