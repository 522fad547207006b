import { messageOf } from "../seat.ts";

/** A command of the bench with options of its own. */
export interface BenchCommand<Options extends { readonly help: boolean }> {
  /** As in `npm run NAME`. */
  readonly name: string;
  readonly help: string;
  /** @throws Error that says what is wrong */
  optionsOf(args: readonly string[]): Options;
  /** @returns the exit code */
  run(options: Options): Promise<number>;
}

/** Runs a command to its exit code: 0 all is well, 1 something failed, 2 wrong usage. */
export async function runCommand<Options extends { readonly help: boolean }>(
  { name, help, optionsOf, run }: BenchCommand<Options>,
  args: readonly string[],
): Promise<number> {
  let options: Options;
  try {
    options = optionsOf(args);
  } catch (error) {
    console.error(`${messageOf(error)}\n\nTry: npm run ${name} -- --help`);
    return 2;
  }
  if (options.help) {
    console.log(help);
    return 0;
  }
  try {
    return await run(options);
  } catch (error) {
    console.error(`failed: ${messageOf(error)}`);
    return 1;
  }
}
