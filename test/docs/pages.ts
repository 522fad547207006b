import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The text of a page, by its path from the root. */
export const page = (path: string): string => readFileSync(join(ROOT, path), "utf8");

const NOT_OURS = new Set(["node_modules", "dist"]);

const below = (folder: string): string[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) return entry.name.startsWith(".") || NOT_OURS.has(entry.name) ? [] : below(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });

/** Every page of the project, by its path from the root. */
export const PAGES: readonly string[] = below("");

/** A fenced block. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly text: string;
}

/** The blocks of all pages that are marked with this language. */
export const blocks = (language: string): Block[] =>
  PAGES.flatMap((path) =>
    [...page(path).matchAll(/^```(\w*)\n(.*?)^```$/gms)]
      .filter(([, marked]) => marked === language)
      .map((match) => ({
        page: path,
        line: page(path).slice(0, match.index).split("\n").length,
        text: match[2] ?? "",
      })),
  );

const cells = (line: string): string[] =>
  line
    .replaceAll("\\|", "\u0000")
    .split("|")
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll("\u0000", "|"));

/** The rows of the table of a page that has this first line, without that line. */
export const table = (path: string, head: string): string[][] => {
  const lines = page(path).split("\n");
  const start = lines.indexOf(head);
  if (start === -1) throw new Error(`${path} has no table with the head ${head}`);
  const end = lines.findIndex((line, index) => index > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map(cells);
};

/** A cell without the marks of code. */
export const plain = (cell: string | undefined): string => (cell ?? "").replaceAll("`", "");
