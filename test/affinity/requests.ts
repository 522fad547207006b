import { affinitySchema, createAffinity } from "../../src/affinity/index.ts";
import type { Affinity, AffinityInput } from "../../src/affinity/index.ts";
import type { RequestFacts } from "../../src/http/index.ts";

/** A request as affinity sees it; what a test does not say is as usual. */
export function request(parts: Partial<RequestFacts> & { readonly cookies?: readonly string[] } = {}): RequestFacts {
  const { cookies = [], ...facts } = parts;
  return {
    path: "/socket",
    query: "",
    headers: ["Host", "chat.example.com", ...cookies.flatMap((line) => ["Cookie", line])],
    host: "chat.example.com",
    clientAddress: "192.0.2.1",
    secure: false,
    ...facts,
  };
}

/** The affinity of a pool named chat. */
export function affinityOf(input: AffinityInput, names: readonly string[], secret = "secret", pool = "chat"): Affinity {
  return createAffinity(affinitySchema.parse(input), { pool, names, secret });
}

/** The `name=value` part of a Set-Cookie header: what the client sends next time. */
export function carried(header: string | undefined): string {
  return header?.split(";")[0] ?? "";
}
