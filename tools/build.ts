import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";

/** `npm run build`: makes `dist/` anew from `src/`: JavaScript and declarations, nothing of an earlier build. */
const ROOT = resolve(import.meta.dirname, "..");

/** The compiler is started by path, since whoever packs may not have the checkout's tools on PATH. */
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

rmSync(join(ROOT, "dist"), { recursive: true, force: true });
try {
  execFileSync(process.execPath, [TSC, "-p", join(ROOT, "tsconfig.build.json")], { cwd: ROOT, stdio: "inherit" });
} catch {
  // The compiler has said what is wrong.
  process.exitCode = 1;
}
