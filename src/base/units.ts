/** A span of time in milliseconds; may have a fraction. */
export type Milliseconds = number;

/** A number of bytes. */
export type Bytes = number;

const DURATION_UNITS: Readonly<Record<string, Milliseconds>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};

const SIZE_UNITS: Readonly<Record<string, Bytes>> = {
  tib: 1024 ** 4,
  gib: 1024 ** 3,
  mib: 1024 ** 2,
  kib: 1024,
  tb: 1000 ** 4,
  gb: 1000 ** 3,
  mb: 1000 ** 2,
  kb: 1000,
  b: 1,
};

const DURATION_TEXT = /^(?:\d+(?:\.\d+)?(?:ms|[dhms]))+$/;
const DURATION_PART = /(\d+(?:\.\d+)?)(ms|[dhms])/g;
const SIZE_TEXT = /^(\d+(?:\.\d+)?) ?([kmgt]i?b|b)$/i;

/** Longest text that is looked at; nobody writes a longer duration or size. */
const MAX_TEXT_LENGTH = 64;

/** Three decimals are kept, so that sums of decimal parts come out as they were written, and times that were measured are short. */
export function roundToMicroseconds(ms: number): Milliseconds {
  return Math.round(ms * 1000) / 1000;
}

/**
 * Reads a duration as people write it: `500ms`, `30s`, `1.5h`, `1h30m`. Units: `ms`, `s`, `m`, `h`, `d`. A plain `0`
 * needs none.
 *
 * @returns milliseconds, or undefined when the text is no duration (a bare number has no unit and is none)
 */
export function parseDuration(text: string): Milliseconds | undefined {
  const compact = text.trim();
  if (compact === "0") return 0;
  if (compact.length > MAX_TEXT_LENGTH || !DURATION_TEXT.test(compact)) return undefined;
  let total = 0;
  for (const [, amount, unit] of compact.matchAll(DURATION_PART)) {
    total += Number(amount) * (DURATION_UNITS[unit ?? ""] ?? Number.NaN);
  }
  return Number.isFinite(total) ? roundToMicroseconds(total) : undefined;
}

/**
 * Reads a size as people write it: `512B`, `16KiB`, `1.5 MiB`, `10MB`. `KiB` is 1,024 bytes and `kB` is 1,000; letter
 * case does not matter. A plain `0` needs no unit.
 *
 * @returns whole bytes, or undefined when the text is no size (a bare number has no unit and is none)
 */
export function parseSize(text: string): Bytes | undefined {
  const compact = text.trim();
  if (compact === "0") return 0;
  const match = compact.length > MAX_TEXT_LENGTH ? null : SIZE_TEXT.exec(compact);
  if (match === null) return undefined;
  const bytes = Math.round(Number(match[1]) * (SIZE_UNITS[(match[2] ?? "").toLowerCase()] ?? Number.NaN));
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/**
 * Writes a duration so that {@link parseDuration} reads the same back (to a microsecond): `250ms`, `1.5s`, `1m30s`,
 * `2d`. Negative durations get a leading minus sign, which only people read.
 */
export function formatDuration(ms: Milliseconds): string {
  if (!Number.isFinite(ms)) return "forever";
  if (ms < 0) return `-${formatDuration(-ms)}`;
  const exact = roundToMicroseconds(ms);
  if (exact === 0) return "0s";
  if (exact < 1000) return `${exact}ms`;
  let rest = exact;
  let text = "";
  for (const unit of ["d", "h", "m"]) {
    const length = DURATION_UNITS[unit] ?? 1;
    const count = Math.floor(rest / length);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * length;
  }
  const seconds = Math.round(rest * 1000) / 1_000_000;
  return seconds > 0 ? `${text}${seconds}s` : text;
}

/**
 * Writes a size so that {@link parseSize} reads the same back: the largest binary unit that needs no fraction (`16KiB`,
 * `1500B`).
 */
export function formatSize(bytes: Bytes): string {
  for (const unit of ["TiB", "GiB", "MiB", "KiB"]) {
    const length = SIZE_UNITS[unit.toLowerCase()] ?? 1;
    if (bytes >= length && bytes % length === 0) return `${bytes / length}${unit}`;
  }
  return `${bytes}B`;
}
