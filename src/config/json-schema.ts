import { z } from "zod";

import { configSchema } from "./schema.ts";

/** The JSON Schema (draft 7, which editors know best) of what people write. */
export function jsonSchema(): object {
  const schema = z.toJSONSchema(configSchema, { io: "input", target: "draft-07" });
  return { $schema: schema.$schema, title: "fairlead configuration", ...schema };
}
