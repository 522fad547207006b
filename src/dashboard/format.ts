/** Numbers, sizes, times: as people read them, and of a steady width. */

/** What stands where there is no value. */
export const NOTHING = "–";

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const hundredths = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

const KILO = 1000;
const STEPS = ["", "k", "M", "G", "T"];

/** Of a share from 0 to 1: `42 %`. */
export const percent = (share: number): string => `${whole.format(share * 100)} %`;

/** `12,345` */
export const count = (value: number): string => whole.format(value);

/** `0`, `0.42`, `3.1`, `17`, `12.3k` */
export function rate(value: number): string {
  if (value === 0) return "0";
  if (value < 1) return hundredths.format(value);
  if (value < 10) return tenths.format(value);
  return value < 10 * KILO ? whole.format(value) : stepped(value, KILO);
}

/** `512 B`, `1.4 kB`: steps of 1000. */
export const bytes = (value: number): string =>
  value < KILO ? `${whole.format(value)} B` : `${stepped(value, KILO, " ")}B`;

function stepped(value: number, size: number, gap = ""): string {
  const step = Math.min(STEPS.length - 1, Math.floor(Math.log(value) / Math.log(size)));
  const scaled = value / size ** step;
  return `${scaled < 100 ? tenths.format(scaled) : whole.format(scaled)}${gap}${STEPS[step] ?? ""}`;
}

/** Of milliseconds: `0.8 ms`, `34 ms`, `1.2 s`. */
export function latency(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return NOTHING;
  if (ms === 0) return "0 ms";
  if (ms >= KILO) return `${tenths.format(ms / KILO)} s`;
  return `${ms < 10 ? tenths.format(ms) : whole.format(ms)} ms`;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Of milliseconds, the two largest units: `42s`, `3m 05s`, `2h 14m`, `3d 4h`. */
export function duration(ms: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  if (ms < MINUTE) return `${Math.max(0, Math.floor(ms / SECOND))}s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)}m ${two((ms % MINUTE) / SECOND)}s`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)}h ${two((ms % HOUR) / MINUTE)}m`;
  return `${Math.floor(ms / DAY)}d ${Math.floor((ms % DAY) / HOUR)}h`;
}

const clockTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** Of ISO 8601, the time of day here: `14:03:59`. */
export const timeOfDay = (time: string): string => clockTime.format(new Date(time));

/** `1 tunnel`, `2 tunnels` */
export const plural = (value: number, one: string): string => `${count(value)} ${one}${value === 1 ? "" : "s"}`;
