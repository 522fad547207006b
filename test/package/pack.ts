import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { z } from "zod";
import { run, runNpm } from "./npm.ts";

export const ROOT = resolve(import.meta.dirname, "../..");

/** What `npm pack` and its `prepack` need of the checkout. */
const INGREDIENTS = [
  "package.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
  ".npmrc",
  "bin",
  "src",
  "tools/build.ts",
  "tools/declarations.ts",
  "tools/node/package.json",
];

const manifestSchema = z.looseObject({
  name: z.string(),
  version: z.string(),
  dependencies: z.record(z.string(), z.string()),
});

export interface Packed {
  /** A temporary folder that holds everything of this package; see `remove`. */
  readonly folder: string;
  readonly tarball: string;
  /** Bytes of the tarball. */
  readonly size: number;
  /** Paths in the package. */
  readonly files: readonly string[];
  readonly manifest: z.infer<typeof manifestSchema>;
  /** A new empty folder beside it. */
  empty(name: string): string;
  remove(): void;
}

/** Builds and packs a copy, so that the `dist/` of the checkout is neither needed nor touched. */
export async function packProject(): Promise<Packed> {
  const folder = mkdtempSync(join(tmpdir(), "fairlead-pack-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    const tarball = await packCopy(folder);
    const listed = await run("tar", ["-tzf", tarball], folder);
    const read = await run("tar", ["-xzOf", tarball, "package/package.json"], folder);
    const paths = listed.stdout.trim().split("\n");
    return {
      folder,
      tarball,
      size: statSync(tarball).size,
      files: paths.map((path) => path.replace(/^package\//, "")),
      manifest: manifestSchema.parse(JSON.parse(read.stdout)),
      empty: (name) => {
        const path = join(folder, name);
        mkdirSync(path);
        return path;
      },
      remove,
    };
  } catch (error) {
    remove();
    throw error;
  }
}

async function packCopy(folder: string): Promise<string> {
  const copy = join(folder, "copy");
  for (const path of INGREDIENTS) {
    if (existsSync(join(ROOT, path))) cpSync(join(ROOT, path), join(copy, path), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
  const packed = await runNpm("npm", ["pack", "--silent", "--pack-destination", folder], copy);
  assert.equal(packed.code, 0, `npm pack failed: ${packed.stdout}${packed.stderr}`);
  return join(folder, packed.stdout.trim().split("\n").at(-1) ?? "");
}

/** Installs the package as a user does, into a folder with a manifest and nothing else. */
export async function installPacked(packed: Packed): Promise<{ home: string; installed: boolean; told: string }> {
  const home = packed.empty("installed");
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: "user", private: true, type: "module" }));
  const { code, stdout, stderr } = await runNpm("npm", ["install", "--no-audit", "--no-fund", packed.tarball], home);
  return { home, installed: code === 0, told: stdout + stderr };
}
