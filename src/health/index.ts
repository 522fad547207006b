/** What observations make of a backend's health: pure functions over a plain value. */
export { observeActive } from "./active.ts";
export { eject, endEjection, relieve } from "./eject.ts";
export { isHeld, penaltyNow, reasonOf } from "./flapping.ts";
export { healthStateSchema, inheritHealth, shiftHealth } from "./inherit.ts";
export { beginProbe, dueForProbe, observeHealth, observeProbe, takesNewWork } from "./observe.ts";
export type { HealthChange } from "./observe.ts";
export { healthSchema } from "./options.ts";
export type { HealthInput, HealthOptions } from "./options.ts";
export type { ActiveOptions, Expectation } from "./options-active.ts";
export type { OutlierOptions } from "./options-outliers.ts";
export { ejectionsLeft, findOutliers } from "./outliers.ts";
export type { Outlier } from "./outliers.ts";
export { panics } from "./panic.ts";
export { Sketch } from "./sketch.ts";
export { initialHealth } from "./state.ts";
export type { FailureSignal, HealthSignal, HealthState, HealthStatus } from "./state.ts";
export { VitalsWindow, WINDOW_PARTS } from "./vitals.ts";
export type { VitalSigns, VitalsSum } from "./vitals.ts";
