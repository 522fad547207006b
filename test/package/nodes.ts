import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { run, runNpm } from "./npm.ts";

/** Nodes of other versions, fetched when they are first asked for. */
export interface Nodes {
  /** The binary of a Node of this major version; undefined where it cannot be had. */
  get(major: number): Promise<string | undefined>;
  remove(): void;
}

/** Other versions come as packages that hold one binary; there are such for Linux only. */
const PACKAGE = `node-linux-${process.arch}`;
const ARCHITECTURES: ReadonlySet<string> = new Set(["x64", "arm64"]);

export function otherNodes(): Nodes {
  const folder = mkdtempSync(join(tmpdir(), "fairlead-nodes-"));
  const known = new Map<number, Promise<string | undefined>>();
  return {
    get: (major) => {
      const found = known.get(major) ?? findNode(folder, major);
      known.set(major, found);
      return found;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function findNode(folder: string, major: number): Promise<string | undefined> {
  if (majorOf(process.versions.node) === major) return process.execPath;
  if (process.platform !== "linux" || !ARCHITECTURES.has(process.arch)) return undefined;
  const home = join(folder, String(major));
  mkdirSync(home);
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: `node-${major}`, private: true }));
  await runNpm("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", `${PACKAGE}@${major}`], home);
  const binary = join(home, "node_modules", PACKAGE, "bin/node");
  return existsSync(binary) ? binary : undefined;
}

/** The first `node` on PATH whose version `fits`; undefined when there is none. */
export async function nodeOnPath(fits: (version: string) => boolean): Promise<string | undefined> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const binary = join(folder, "node");
    if (!existsSync(binary)) continue;
    const { stdout } = await run(binary, ["--version"], tmpdir());
    if (fits(stdout.trim().replace(/^v/, ""))) return binary;
  }
  return undefined;
}

/** 24 of "24.21.0". */
export function majorOf(version: string): number {
  return Number(version.split(".")[0]);
}
