import { didYouMean } from "./suggest.ts";

/** What a schema tells of the input that it refused; a part of zod's issue. */
interface RefusedInput {
  readonly input?: unknown;
}

/**
 * Makes the error text of an option that is the name of a method, or an object with the name in `method`. Mistakes
 * inside an object whose `method` is known keep their own texts.
 *
 * @param what the thing that is chosen, such as "balancing method"
 * @param names the names that exist
 */
export function choiceError(what: string, names: readonly string[]): (issue: RefusedInput) => string | undefined {
  const known = `known are ${names.join(", ")}`;
  return ({ input }) => {
    if (typeof input === "string") return unknownName(what, input, names, known);
    if (typeof input !== "object" || input === null || Array.isArray(input)) {
      return `expected the name of a ${what} or an object with "method"; ${known}`;
    }
    const method: unknown = "method" in input ? input.method : undefined;
    if (typeof method !== "string") return `expected "method" with the name of a ${what}; ${known}`;
    return names.includes(method) ? undefined : unknownName(what, method, names, known);
  };
}

function unknownName(what: string, found: string, names: readonly string[], known: string): string {
  const hint = didYouMean(found, names);
  return `no ${what} is called ${JSON.stringify(found)}; ${hint === undefined ? known : `did you mean "${hint}"?`}`;
}
