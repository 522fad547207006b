import { resolve } from "node:path";
import { formatViolation } from "./house.ts";
import { loadHouse } from "./load.ts";
import { RULES } from "./rules.ts";

/** `node tools/house/main.ts`: says every broken rule of the house and exits 1, or tells what was looked at. */
function main(): void {
  const house = loadHouse(resolve(import.meta.dirname, "../.."));
  const broken = Object.values(RULES).flatMap((rule) => rule(house));
  for (const violation of broken) console.error(formatViolation(violation));
  const looked = `${Object.keys(RULES).length} rules, ${house.sources.length} sources, ${house.texts.length} texts`;
  if (broken.length > 0) console.error(`${broken.length} broken (${looked})`);
  else console.log(looked);
  process.exitCode = broken.length > 0 ? 1 : 0;
}

main();
