import { cpSync, existsSync, mkdirSync, statSync } from "node:fs";
import { basename, join, posix } from "node:path";
import { z } from "zod";

import { cleanEnvironment, run } from "../package/npm.ts";

/** One instruction of a Dockerfile, with its lines joined. */
export interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** A stage of a Dockerfile. */
export interface Stage {
  readonly name: string;
  readonly image: string;
  readonly steps: readonly Instruction[];
}

/** An instruction that copies. */
export interface Copy {
  /** Another stage; undefined for the checkout. */
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly target: string;
}

/** What a stage is after its steps. */
export interface Image {
  /** The folder that holds its files. */
  readonly root: string;
}

const commandSchema = z.tuple([z.string()], z.string());

/** The stages of a Dockerfile. */
export const stagesOf = (dockerfile: string): Stage[] => {
  const lines = dockerfile.split("\n").filter((line) => !line.startsWith("#"));
  const instructions = lines
    .join("\n")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, word = "", rest = ""] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
      if (word === "") throw new Error(`no instruction: ${line}`);
      return { word, rest };
    });
  const stages: (Stage & { steps: Instruction[] })[] = [];
  for (const step of instructions) {
    const [, image = "", name = ""] = /^(\S+) AS (\S+)$/.exec(step.rest) ?? [];
    if (step.word === "FROM") stages.push({ name, image, steps: [] });
    else stages.at(-1)?.steps.push(step);
  }
  return stages;
};

/** What the only instruction of this kind in a stage says; undefined when there is none. */
export const only = ({ name, steps }: Stage, word: string): string | undefined => {
  const found = steps.filter((step) => step.word === word);
  if (found.length > 1) throw new Error(`${name} has more than one ${word}`);
  return found[0]?.rest;
};

/** A command in exec form; fails when it would go through a shell. */
export const exec = (command: string | undefined): readonly string[] =>
  commandSchema.parse(JSON.parse((command ?? "").replace(/^.*?CMD (?=\[)/, "")));

export const copyOf = ({ rest }: Instruction): Copy => {
  const words = rest.split(" ");
  const from = words[0]?.startsWith("--from=") === true ? words.shift()?.slice("--from=".length) : undefined;
  const target = words.pop() ?? "";
  return { from, sources: words, target };
};

/**
 * Takes the steps of a stage in a plain folder in place of a root: what it copies, what it runs. Its commands must have
 * paths relative to where they run.
 *
 * @param images of the stages before it
 * @param context the checkout
 */
export const build = async (
  stage: Stage,
  images: ReadonlyMap<string, Image>,
  context: string,
  root: string,
): Promise<Image> => {
  let folder = "/";
  for (const step of stage.steps) {
    if (step.word === "WORKDIR") {
      folder = posix.resolve(folder, step.rest);
      mkdirSync(join(root, folder), { recursive: true });
    }
    if (step.word === "COPY") {
      const { from } = copyOf(step);
      copy(copyOf(step), from === undefined ? context : (images.get(from)?.root ?? ""), root, folder);
    }
    if (step.word === "RUN") {
      const environment = cleanEnvironment(process.execPath);
      const { code, stdout, stderr } = await run("sh", ["-ec", step.rest], join(root, folder), environment);
      if (code !== 0) throw new Error(`RUN ${step.rest} ended with ${code}: ${stdout}${stderr}`);
    }
  }
  return { root };
};

/** As a builder copies: a folder's content into the target, a file into a target that ends in a slash, or as it. */
const copy = ({ sources, target }: Copy, base: string, root: string, folder: string): void => {
  for (const source of sources) {
    const path = join(base, source);
    if (!existsSync(path)) throw new Error(`COPY: there is no ${source}`);
    const whole = statSync(path).isDirectory() || !target.endsWith("/");
    const end = join(root, posix.resolve(folder, target), whole ? "" : basename(source));
    cpSync(path, end.replace(/\/$/, ""), { recursive: true, verbatimSymlinks: true });
  }
};

/** Whether a `.dockerignore` that begins with `*` lets a path of the checkout through. */
export const isSent = (dockerignore: string, path: string): boolean => {
  const lines = dockerignore.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  if (lines.shift() !== "*") throw new Error("it does not begin with *");
  const isPart = (allowed: string): boolean => path === allowed || path.startsWith(`${allowed}/`);
  return lines.some((line) => line.startsWith("!") && isPart(line.slice(1)));
};
