import type { Held, Part } from "./part.ts";

const KIB = 1024;
const MIB = KIB * KIB;

/** A part of the run as text: a table for each instance, and the line through it. */
export function partText(part: Part, held: readonly Held[]): string {
  const total = (part.levels.at(-1) ?? 0) * part.instances;
  const lines = [`${part.title}: ${total.toLocaleString("en")} tunnels, none lost`];
  held.forEach((one, at) => lines.push(...instanceText(one, held.length === 1 ? "" : `instance ${at + 1}`)));
  return lines.join("\n");
}

function instanceText({ levels, line }: Held, name: string): string[] {
  const [empty] = levels;
  const rows = levels.map(({ tunnels, bytes }, at) => {
    const before = levels[at - 1];
    const row = `  ${tunnels.toLocaleString("en").padStart(10)} ${(bytes / MIB).toFixed(1).padStart(12)}`;
    if (before === undefined || empty === undefined) return row;
    const all = (bytes - empty.bytes) / tunnels;
    const step = (bytes - before.bytes) / (tunnels - before.tunnels);
    return `${row} ${(all / KIB).toFixed(2).padStart(14)} ${(step / KIB).toFixed(2).padStart(14)}`;
  });
  const heads = `  ${"tunnels".padStart(10)} ${"memory, MiB".padStart(12)} ${"KiB per tunnel".padStart(14)} ${"of this step".padStart(14)}`;
  const fit =
    line === undefined
      ? []
      : [
          `  a line through all but the first: ${(line.intercept / MIB).toFixed(1)} MiB + ${(line.slope / KIB).toFixed(2)} KiB a tunnel (R2 ${line.r2.toFixed(4)})`,
        ];
  return [...(name === "" ? [] : [`  ${name}`]), heads, ...rows, ...fit];
}
