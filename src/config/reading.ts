import { z } from "zod";

import type { Reading } from "./address.ts";

/** Makes a reader of text usable as a transformation in a schema: what is wrong becomes the issue's message. */
export function reading<I, T>(read: (input: I) => Reading<T>): (input: I, context: z.RefinementCtx) => T {
  return (input, context) => {
    const result = read(input);
    if ("value" in result) return result.value;
    context.addIssue({ code: "custom", message: result.wrong });
    return z.NEVER;
  };
}
