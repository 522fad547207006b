import { globSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** `from "./file.js"`, `import "./file.js"` and `import("./file.js")` in a declaration. */
const LINK = /\b(?:from|import)\s*\(?\s*"(\.[^"]+)\.[jt]s"/g;

/**
 * Removes the declarations that nobody can come to who imports the package.
 *
 * @param entry the declaration of what the package exports
 */
export function pruneDeclarations(folder: string, entry: string): void {
  const reached = new Set<string>();
  const follow = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const [, link = ""] of readFileSync(file, "utf8").matchAll(LINK))
      follow(`${resolve(dirname(file), link)}.d.ts`);
  };
  follow(resolve(entry));
  for (const name of globSync("**/*.d.ts", { cwd: folder })) {
    const file = resolve(join(folder, name));
    if (!reached.has(file)) rmSync(file);
  }
}
