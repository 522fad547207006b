import { createDriver } from "../../src/wire/index.ts";
import type { LegDriver } from "../../src/wire/index.ts";

/** Node's way to its internal bindings, of which its types say nothing. */
export const loadBinding = (name: string): unknown =>
  (process as unknown as { binding(name: string): unknown }).binding(name);

/** Both ways in which connections can be driven: one suite of tests runs both. */
export const DRIVERS: readonly LegDriver[] = [createDriver("stream", loadBinding), createDriver("handle", loadBinding)];
