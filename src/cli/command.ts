import type { Option } from "commander";
import type { z } from "zod";

import type { Io } from "./io.ts";

/** What stands behind the name of a command, without a flag. */
export interface Operand {
  /** As help and mistakes name it: `FILE`. */
  readonly name: string;
  /** One line for help. */
  readonly meaning: string;
  /** Whether the command means nothing without it. */
  readonly required?: boolean;
  /** Whether it may be repeated. */
  readonly many?: boolean;
}

/** What a command line gives to its command. */
export interface Given<Flags> {
  readonly operands: readonly string[];
  readonly flags: Flags;
}

interface Description {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** A sentence for its own help. */
  readonly description: string;
  readonly operands: readonly Operand[];
  /** What the operands are together, where that is not plain. */
  readonly operandsAre?: string;
  readonly options: readonly Option[];
}

interface Definition<Flags> extends Description {
  /** Reads what commander makes of the flags: texts and true. */
  readonly flags: z.ZodType<Flags>;
  /** Throws what else is wrong with what the command line asks for, beside mistakes of usage. */
  readonly judge?: (given: Given<Flags>, io: Io) => void;
  /** @returns the exit code */
  readonly run: (given: Given<Flags>, io: Io) => number | Promise<number>;
}

/** A command of the program. */
export interface CommandSpec extends Description {
  accept(operands: readonly string[], flags: Readonly<Record<string, unknown>>): Accepted;
}

/** A command with what it was given. */
export interface Accepted {
  /** Values of flags that are wrong, one line each. */
  readonly problems: readonly string[];
  /** Throws what else is wrong with what the command line asks for. */
  judge(io: Io): void;
  /** Only without problems. @returns the exit code */
  run(io: Io): number | Promise<number>;
}

/** Makes a command of its description, so that its own file alone knows the form of its flags. */
export function defineCommand<Flags>({ flags: schema, judge, run, ...description }: Definition<Flags>): CommandSpec {
  return {
    ...description,
    accept(operands, texts) {
      const read = schema.safeParse(texts);
      if (read.success) {
        const given = { operands, flags: read.data };
        return { problems: [], judge: (io) => judge?.(given, io), run: (io) => run(given, io) };
      }
      const problems = read.error.issues.map(({ path, message }) => `--${kebab(String(path[0] ?? ""))}: ${message}`);
      return { problems, judge: () => undefined, run: () => Promise.reject(read.error) };
    },
  };
}

/** The flag of an attribute: `min-age` of `minAge`. */
export function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
