import { execFileSync } from "node:child_process";
import { copyFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { pruneDeclarations } from "./declarations.ts";

/** `npm run build`: makes `dist/` anew from `src/`: JavaScript and declarations, nothing of an earlier build. */
const ROOT = resolve(import.meta.dirname, "..");

/** The compiler is started by path, since whoever packs may not have the checkout's tools on PATH. */
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

/** The dashboard is for browsers: a project of its own, with their types, and files that are served as they are. */
const PAGE = join(ROOT, "src/dashboard");

rmSync(join(ROOT, "dist"), { recursive: true, force: true });
try {
  compile(
    "-p",
    PAGE,
    "--noEmit",
    "false",
    "--outDir",
    join(ROOT, "dist"),
    "--rootDir",
    join(ROOT, "src"),
    "--removeComments",
  );
  // Writes once more, with their declarations, the modules whose types the page knows.
  compile("-p", join(ROOT, "tsconfig.build.json"));
  pruneDeclarations(join(ROOT, "dist"), join(ROOT, "dist/index.d.ts"));
  for (const file of ["index.html", "style.css", "icon.svg"])
    copyFileSync(join(PAGE, file), join(ROOT, "dist/dashboard", file));
} catch {
  // The compiler has said what is wrong.
  process.exitCode = 1;
}

function compile(...args: readonly string[]): void {
  execFileSync(process.execPath, [TSC, ...args], { cwd: ROOT, stdio: "inherit" });
}
