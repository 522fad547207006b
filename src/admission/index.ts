export { LeaseBook } from "./lease-book.ts";
export type { LeaseOrder } from "./lease-book.ts";
export { Lease } from "./lease.ts";
export type { Allowed } from "./lease.ts";
export { nextStepAt, slowStartFactor } from "./slow-start.ts";
export { TokenBucket } from "./token-bucket.ts";
export type { BucketTerms } from "./token-bucket.ts";
