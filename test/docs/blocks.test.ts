/** What pages show can be used as it stands: configurations, commands, programs. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

import { parseArguments } from "../../src/cli/args.ts";
import { loadConfig } from "../../src/config/index.ts";
import { authority, certificateFor } from "../kit/certs.ts";
import { needTool } from "../kit/tools.ts";
import { type Block, blocks, page, ROOT } from "./pages.ts";

const where = ({ page: path, line }: Block): string => `${path}:${line}`;

/** A certificate, key or authority for whatever file a configuration names. */
const pemFor = (path: string): string => {
  if (path.endsWith(".key")) return certificateFor(["localhost"]).key;
  return path.endsWith("ca.pem") ? authority().cert : certificateFor(["localhost"]).cert;
};

test("every yaml block is a valid configuration, without a warning", (t) => {
  if (!needTool(t, "openssl", "/usr/bin/openssl")) return;
  const all = blocks("yaml");
  assert.ok(all.length >= 5);
  for (const block of all) {
    const readFile = (path: string): string => (path.endsWith("block.yaml") ? block.text : pemFor(path));
    const { warnings } = loadConfig({ file: "block.yaml", env: {}, cwd: "/", readFile });
    assert.deepEqual(warnings, [], where(block));
  }
});

test("every json block is JSON", () => {
  for (const block of blocks("json")) assert.doesNotThrow(() => JSON.parse(block.text), where(block));
});

/** Commands of a block, one each, without comments. */
const commandsOf = (block: Block): string[] =>
  block.text
    .split(/\n|&&/)
    .map((line) => line.replace(/\s#.*|^#.*|\s&$/, "").trim())
    .filter((line) => line !== "");

const scripts = (JSON.parse(page("package.json")) as { scripts: Record<string, string> }).scripts; // npm's own form

/** What is wrong with a command, if it is one of ours. */
const commandProblem = (command: string): string | undefined => {
  const words = command.split(/\s+/);
  const program = words.find((word) => !/^[A-Z_0-9]+=/.test(word));
  const rest = words.slice(words.indexOf(program ?? "") + 1);
  if (program === "node" && !existsSync(join(ROOT, rest[0] ?? ""))) return `there is no ${rest[0]}`;
  if (program === "npm" && rest[0] === "run" && scripts[rest[1] ?? ""] === undefined)
    return `npm run ${rest[1]}: no such script`;
  const isStart = program === "npm" && rest[0] === "start";
  if (!isStart && program !== "fairlead") return undefined;
  const parsed = parseArguments(isStart ? rest.slice(2) : rest);
  return "print" in parsed || parsed.problems.length === 0 ? undefined : parsed.problems.join("; ");
};

test("every command in a sh block is one that exists", () => {
  const all = blocks("sh");
  assert.ok(all.length >= 5);
  for (const block of all) {
    for (const command of commandsOf(block))
      assert.equal(commandProblem(command), undefined, `${where(block)}: ${command}`);
  }
});

test("every ts block compiles against the library", (t) => {
  mkdirSync(join(ROOT, ".cache"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, ".cache/docs-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const all = blocks("ts");
  assert.ok(all.length >= 3);
  for (const [index, block] of all.entries()) writeFileSync(join(folder, `block-${index}.ts`), block.text);
  const compilerOptions = { paths: { fairlead: [join(ROOT, "src/index.ts")] }, noUnusedLocals: false };
  const project = { extends: join(ROOT, "tsconfig.json"), compilerOptions, include: ["*.ts"], exclude: [] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(project));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const result = spawnSync(process.execPath, [tsc, "--noEmit", "-p", folder], { encoding: "utf8" });
  const ours = result.stdout.split("\n").filter((line) => /block-\d+\.ts/.test(line));
  assert.deepEqual(ours, [], all.map((block, index) => `block-${index} is ${where(block)}`).join(", "));
});
