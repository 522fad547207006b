export { beginProbe, dueForProbe, observeHealth, observeProbe, takesNewWork } from "./observe.ts";
export type { HealthChange } from "./observe.ts";
export { healthSchema } from "./options.ts";
export type { HealthInput, HealthOptions } from "./options.ts";
export { initialHealth } from "./state.ts";
export type { FailureSignal, HealthSignal, HealthState, HealthStatus } from "./state.ts";
