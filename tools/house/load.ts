import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { readFacts } from "./facts.ts";
import type { House } from "./house.ts";
import { FLOORS } from "./house.ts";

const BENCH_MANIFEST = "bench/package.json";
const SOURCE_FOLDERS = ["src", "test", "tools", "examples", "bench"];
const TEXT_FILE = /\.(?:ts|cjs|js|json|ya?ml|md|go|html|css|sh|txt)$|(?:^|\/)(?:\.[\w.-]+|run|LICENSE)$/;
/** Made by npm, and of no interest to a reader. */
const NOT_OURS = new Set(["package-lock.json"]);

/**
 * Reads the project at `root`.
 *
 * @param listFiles tells the project's files by a way of its own, against which the walk is held; git by default
 */
export function loadHouse(root: string, listFiles: (root: string) => string[] = gitFiles): House {
  const listedFiles = listFiles(root);
  const read = (path: string): string => readFileSync(join(root, path), "utf8");
  const sources = SOURCE_FOLDERS.flatMap((folder) => walk(root, folder)).map((path) =>
    readFacts({ path, text: read(path) }),
  );
  const texts = listedFiles.filter((path) => TEXT_FILE.test(path) && !NOT_OURS.has(path));
  return {
    sources,
    texts: texts.map((path) => ({ path, text: read(path) })),
    listed: listedFiles.filter((path) => path.endsWith(".ts") && SOURCE_FOLDERS.includes(path.split("/")[0] ?? "")),
    ...packages(read("package.json"), existsSync(join(root, BENCH_MANIFEST)) ? read(BENCH_MANIFEST) : "{}"),
    floors: FLOORS,
  };
}

/** What the benchmark needs is never installed with fairlead: for the rules it is a matter of development. */
function packages(text: string, benchText: string): Pick<House, "dependencies" | "devDependencies" | "ownName"> {
  const manifest: unknown = JSON.parse(text);
  const bench: unknown = JSON.parse(benchText);
  return {
    dependencies: names(manifest, "dependencies"),
    devDependencies: [...names(manifest, "devDependencies"), ...names(bench, "dependencies")],
    ownName: String(field(manifest, "name")),
  };
}

function names(manifest: unknown, key: string): string[] {
  const value = field(manifest, key);
  return typeof value === "object" && value !== null ? Object.keys(value) : [];
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

/** TypeScript files below `folder`, dependencies of examples left out. */
function walk(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  const paths: string[] = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory() && entry.name !== "node_modules") paths.push(...walk(root, path));
    else if (entry.isFile() && entry.name.endsWith(".ts")) paths.push(path);
  }
  return paths;
}

/** What git tracks or would track, as far as it is on disk. */
function gitFiles(root: string): string[] {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
  const output = execFileSync("git", args, { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  const paths = output.split("\0").map((path) => path.split(sep).join("/"));
  return paths.filter((path) => path !== "" && existsSync(join(root, path)));
}
