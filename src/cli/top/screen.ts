import type { Terminal } from "../terminal.ts";
import type { Line, Mark } from "./render.ts";

const ESCAPE = "\u001b[";
const ENTER = `${ESCAPE}?1049h${ESCAPE}?25l${ESCAPE}?7l`;
const LEAVE = `${ESCAPE}?7h${ESCAPE}?25h${ESCAPE}?1049l`;
const HOME = `${ESCAPE}H`;
const ERASE_REST = `${ESCAPE}K`;
const RESET = `${ESCAPE}0m`;

/** With colours, and where NO_COLOR forbids them; bold and reverse are none. */
const MARKS: Readonly<Record<Mark, string>> = {
  title: `${ESCAPE}1m`,
  selected: `${ESCAPE}7m`,
  bad: `${ESCAPE}31m`,
  quiet: `${ESCAPE}90m`,
  plain: "",
};
const BARE_MARKS: Readonly<Record<Mark, string>> = { ...MARKS, bad: "", quiet: "" };

/** The terminal's other screen. */
export interface Screen {
  draw(lines: readonly Line[]): void;
  /** Gives the terminal back as it was; once. */
  leave(): void;
}

/** Takes the whole terminal; what it showed comes back with `leave`, also when the process ends otherwise. */
export function enterScreen(terminal: Terminal, colours: boolean): Screen {
  const marks = colours ? MARKS : BARE_MARKS;
  let left = false;
  const leave = (): void => {
    if (left) return;
    left = true;
    process.off("exit", leave);
    terminal.write(LEAVE);
  };
  process.on("exit", leave);
  terminal.write(ENTER);
  return {
    draw(lines) {
      const width = terminal.size().columns;
      const drawn = lines.map(({ text, mark }) => {
        // A selection goes over the whole line.
        const shown = mark === "selected" ? text.padEnd(width) : text;
        return `${marks[mark]}${shown}${RESET}${mark === "selected" ? "" : ERASE_REST}`;
      });
      if (!left) terminal.write(`${HOME}${drawn.join("\r\n")}`);
    },
    leave,
  };
}
