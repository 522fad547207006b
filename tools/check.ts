import { spawnSync } from "node:child_process";
import { delimiter, resolve } from "node:path";

/**
 * `npm run check [-- --fast]`: the whole gate. Every step runs, whatever the ones before it said, so that one run tells
 * everything that is wrong. With `--fast` the tests are left out.
 */
const ROOT = resolve(import.meta.dirname, "..");

interface Step {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  /** Prints while it runs; the others only when they fail. */
  readonly loud?: boolean;
}

const STEPS: readonly Step[] = [
  { name: "format", command: ["oxfmt", "--check"] },
  { name: "lint", command: ["oxlint"] },
  { name: "types", command: ["tsc", "--noEmit", "-p", "."] },
  { name: "page types", command: ["tsc", "--noEmit", "-p", "src/dashboard"] },
  { name: "house", command: ["node", "tools/house/main.ts"] },
  { name: "dead code", command: ["knip", "--no-progress"] },
  { name: "reference", command: ["node", "tools/reference.ts", "--check"] },
];
const TESTS: Step = { name: "tests", command: ["node", "tools/test.ts"], loud: true };

function main(args: readonly string[]): void {
  const unknown = args.filter((arg) => arg !== "--fast");
  if (unknown.length > 0) {
    console.error(`check does not know ${unknown.join(" ")}; it knows --fast`);
    process.exitCode = 2;
    return;
  }
  const steps = args.includes("--fast") ? STEPS : [...STEPS, TESTS];
  const failed = steps.filter((step) => !run(step));
  if (failed.length === 0) return;
  console.error(`\nfailed: ${failed.map(({ name }) => name).join(", ")}`);
  process.exitCode = 1;
}

/** Runs one step and prints a line about it; true when it is fine. */
function run({ name, command, loud = false }: Step): boolean {
  const [program, ...args] = command;
  const started = performance.now();
  const result = spawnSync(program, args, {
    cwd: ROOT,
    encoding: "utf8",
    stdio: loud ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, PATH: [resolve(ROOT, "node_modules/.bin"), process.env["PATH"]].join(delimiter) },
  });
  const fine = result.status === 0;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${fine ? "ok    " : "FAILED"} ${name.padEnd(10)} ${seconds} s`);
  if (!fine && !loud)
    console.log([result.stdout, result.stderr, result.error?.message].filter(Boolean).join("\n").trim());
  return fine;
}

main(process.argv.slice(2));
