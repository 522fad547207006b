import { spawnSync } from "node:child_process";
import { join } from "node:path";

/**
 * `npm run bench:micro [-- NAME...]`: times every hot function, each file in a process of its own, since what one has
 * taught the compiler would change what the next one shows.
 */
const SUBJECTS = ["tracker", "heads", "judge", "pick", "wheel"];

const names = process.argv.slice(2);
const unknown = names.filter((name) => !SUBJECTS.includes(name));
if (unknown.length > 0) {
  console.error(`unknown ${unknown.join(", ")}; there are ${SUBJECTS.join(", ")}`);
  process.exit(2);
}
for (const name of names.length > 0 ? names : SUBJECTS) {
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`)], { stdio: "inherit" });
  if (status !== 0) process.exitCode = 1;
}
