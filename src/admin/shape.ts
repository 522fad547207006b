import { z } from "zod";

/** Every shape that has a name in the OpenAPI document. */
export const SHAPES = z.registry<{ id: string }>();

/** A type without `readonly` and inheritance, in which fields that may be left out differ from those that may not. */
type Plain<T> = T extends readonly (infer E)[]
  ? Plain<E>[]
  : T extends object
    ? { -readonly [K in keyof T]-?: object extends Pick<T, K> ? { readonly optional: Plain<T[K]> } : Plain<T[K]> }
    : T;

type Same<A, B> = [A, B] extends [B, A] ? true : false;

/**
 * Names a schema that describes `T`. The compiler refuses one that describes anything else, optional fields included:
 * `shapeOf<Move>()("Move", z.object({ ... }))`.
 */
export function shapeOf<T>() {
  return <S extends z.ZodType>(
    id: string,
    schema: Same<Plain<z.output<S>>, Plain<T>> extends true ? S : { readonly differs: [Plain<z.output<S>>, Plain<T>] },
  ): S => {
    // Where the types are the same, the schema is what it says that it is.
    return named(id, schema as S);
  };
}

/** Names a schema that no type stands beside. */
export function named<S extends z.ZodType>(id: string, schema: S): S {
  SHAPES.add(schema, { id });
  return schema;
}
