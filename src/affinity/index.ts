export type { Affinity, AffinityPool } from "./affinity.ts";
export { createAffinity } from "./create.ts";
export { AFFINITY_METHODS, affinitySchema, isHashing } from "./options.ts";
export type { AffinityInput, AffinityOptions } from "./options.ts";
