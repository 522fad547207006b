import type { RequestFacts } from "../../src/http/index.ts";

/** A request as a pool sees it; what a test does not say is as usual. */
export const factsOf = (facts: Partial<RequestFacts> = {}): RequestFacts => ({
  path: "/",
  query: "",
  headers: [],
  host: "a.test",
  clientAddress: "192.0.2.1",
  secure: false,
  ...facts,
});
