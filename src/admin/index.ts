/** The admin listener: what operators and probes ask an instance. */
export { type Admin, type AdminSource, startAdmin } from "./admin.ts";
