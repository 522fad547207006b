import { createHash } from "node:crypto";
import { existsSync, type FSWatcher, readFileSync, realpathSync, statSync, watch } from "node:fs";
import { dirname } from "node:path";

import type { Milliseconds } from "../base/index.ts";

/** Time in which contents must stay as they are before they count: nobody writes a file in one go. */
const SETTLE_TIME: Milliseconds = 200;
/** Time between looks without a hint: network file systems give none, nor do links further up that are put elsewhere. */
const LOOK_INTERVAL: Milliseconds = 5_000;

export interface WatchOptions {
  /** Default: 200 ms. */
  readonly delay?: Milliseconds;
  /** Default: 5 s. */
  readonly interval?: Milliseconds;
}

/**
 * Tells when the contents of files have become others, however that was done: written in place, renamed over the old
 * ones, links put elsewhere. A file that is not there counts as unchanged until it is back.
 *
 * Folders are watched, since a watch on a file stays with what was renamed away; and they are only a hint to look.
 *
 * @param paths absolute
 * @returns stops watching
 */
export function watchFiles(
  paths: readonly string[],
  onChange: () => void,
  { delay = SETTLE_TIME, interval = LOOK_INTERVAL }: WatchOptions = {},
): () => void {
  let watchers: readonly FSWatcher[] = [];
  let timer: NodeJS.Timeout | undefined;
  let seen: readonly string[] = [];
  const hint = (): void => {
    timer ??= setTimeout(look, delay).unref();
  };
  const unwatch = (): void => {
    for (const watcher of watchers) watcher.close();
  };
  // A watch dies with its folder, silently, so all are made anew; what happens meanwhile is found by looking afterwards.
  const see = (): readonly string[] => {
    unwatch();
    watchers = foldersOf(paths).flatMap((folder) => watchFolder(folder, hint));
    return paths.map((path, index) => digest(path) ?? seen[index] ?? "");
  };
  seen = see();
  let told = seen;
  const look = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const now = see();
    const isSettled = isSame(now, seen);
    seen = now;
    if (!isSettled) hint();
    else if (!isSame(now, told)) {
      told = now;
      onChange();
    }
  };
  const looks = setInterval(look, interval).unref();
  return () => {
    clearInterval(looks);
    clearTimeout(timer);
    unwatch();
  };
}

/** Those of the files, and of what they are links to. In place of a folder that is not there, the one that it would come back to. */
function foldersOf(paths: readonly string[]): string[] {
  const folders = paths.flatMap((path) => {
    const real = attempt(() => realpathSync(path));
    return [path, ...(real === undefined ? [] : [real])].map(dirname).map(existing);
  });
  return [...new Set(folders)];
}

function existing(folder: string): string {
  const above = dirname(folder);
  return above === folder || existsSync(folder) ? folder : existing(above);
}

/** Without room for another watch there is still the look after each interval. */
function watchFolder(folder: string, hint: () => void): FSWatcher[] {
  const watcher = attempt(() => watch(folder, { persistent: false }, hint));
  watcher?.on("error", hint);
  return watcher === undefined ? [] : [watcher];
}

function digest(path: string): string | undefined {
  // Reading a pipe would wait for its writer.
  const content = attempt(() => (statSync(path).isFile() ? readFileSync(path) : undefined));
  return content === undefined ? undefined : createHash("sha256").update(content).digest("hex");
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.every((text, index) => text === other[index]);
}

/** What may fail because somebody else is at work there. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
