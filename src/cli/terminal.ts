import { createInterface } from "node:readline/promises";

/** A terminal with a person before it: both what is typed and what is printed. */
export interface Terminal {
  size(): { readonly columns: number; readonly rows: number };
  write(text: string): void;
  /** Gives every key as it is typed, unshown, until it is released; also Ctrl-C, which is no signal then. */
  onKeys(listener: (bytes: string) => void): () => void;
  /** @returns stops telling */
  onResize(listener: () => void): () => void;
  /** Asks for a line. @returns what was typed; empty when the input has ended */
  question(text: string): Promise<string>;
}

/** Size where the terminal does not tell. */
const USUAL = { columns: 80, rows: 24 } as const;

/** This process's terminal; undefined where input or output is none. */
export function processTerminal(): Terminal | undefined {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY) return undefined;
  return {
    // A pseudo-terminal that nobody has sized says 0.
    size: () => ({ columns: stdout.columns || USUAL.columns, rows: stdout.rows || USUAL.rows }),
    write: (text) => void stdout.write(text),
    onKeys(listener) {
      const take = (bytes: string): void => listener(bytes);
      stdin.setRawMode(true).setEncoding("utf8").on("data", take).resume();
      return () => {
        stdin.off("data", take).setRawMode(false).pause();
      };
    },
    onResize(listener) {
      stdout.on("resize", listener);
      return () => void stdout.off("resize", listener);
    },
    async question(text) {
      const lines = createInterface({ input: stdin, output: stdout });
      const gone = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
      try {
        return await Promise.race([lines.question(text), gone]);
      } finally {
        lines.close();
      }
    },
  };
}
