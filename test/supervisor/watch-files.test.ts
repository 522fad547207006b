import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, test, type TestContext } from "node:test";

import { watchFiles, type WatchOptions } from "../../src/supervisor/watch-files.ts";
import { until } from "../kit/until.ts";

/** Short, since it only bounds how long a test takes; and no look without a hint, unless a test is about that. */
const OPTIONS: WatchOptions = { delay: 10, interval: 3_600_000 };

function folderFor(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "fairlead-watch-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Watches, and knows how often there was something to tell. */
function watching(t: TestContext, paths: readonly string[], options = OPTIONS) {
  const told = { count: 0 };
  t.after(watchFiles(paths, () => (told.count += 1), options));
  return told;
}

/** As editors and deployments do it: nobody ever sees half of it. */
function replace(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

/** Does something and waits until that has been told. */
async function changes(told: { readonly count: number }, what: string, change: () => void): Promise<void> {
  const before = told.count;
  change();
  await until(() => told.count > before, what);
  assert.equal(told.count, before + 1, what);
}

describe("files that change", () => {
  test("each of several atomic renames is told", async (t) => {
    const path = join(folderFor(t), "fairlead.yaml");
    writeFileSync(path, "0");
    const told = watching(t, [path]);
    for (const text of ["1", "2", "3"]) await changes(told, `rename ${text}`, () => replace(path, text));
  });

  test("so is each of several writes in place, and one in each of several files", async (t) => {
    const folder = folderFor(t);
    const paths = [join(folder, "a"), join(folder, "b")];
    for (const path of paths) writeFileSync(path, "0");
    const told = watching(t, paths);
    for (const text of ["1", "2"])
      for (const path of paths) await changes(told, `${path} ${text}`, () => writeFileSync(path, text));
  });

  test("what is written piece by piece is told when it is whole", async (t) => {
    const path = join(folderFor(t), "fairlead.yaml");
    writeFileSync(path, "0");
    let text = "";
    t.after(watchFiles([path], () => (text = readFileSync(path, "utf8")), { ...OPTIONS, delay: 1_000 }));
    for (const piece of ["begun ", "and ", "done"]) {
      writeFileSync(path, piece, { flag: "a" });
      await new Promise(setImmediate);
    }
    await until(() => text !== "", "a change");
    assert.equal(text, "0begun and done");
  });

  test("the same contents again are no change, nor is what happens beside it", async (t) => {
    const folder = folderFor(t);
    const path = join(folder, "fairlead.yaml");
    writeFileSync(path, "0");
    const told = watching(t, [path]);
    replace(path, "0");
    writeFileSync(join(folder, "other"), "something");
    // Told in their order: when this is, the others would have been.
    await changes(told, "a real change", () => replace(path, "1"));
  });

  test("a file that goes is told when it is back with something else", async (t) => {
    const folder = folderFor(t);
    const [path, other] = [join(folder, "fairlead.yaml"), join(folder, "other")];
    writeFileSync(path, "0");
    writeFileSync(other, "0");
    const told = watching(t, [path, other]);
    unlinkSync(path);
    await changes(told, "another file", () => replace(other, "1"));
    writeFileSync(path, "0");
    await changes(told, "another file again", () => replace(other, "2"));
    unlinkSync(path);
    await changes(told, "the file that is back", () => writeFileSync(path, "1"));
  });

  test("one that comes later is told", async (t) => {
    const path = join(folderFor(t), "not", "yet", "fairlead.yaml");
    const told = watching(t, [path]);
    await changes(told, "a file that came", () => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, "1");
    });
  });
});

describe("folders and links that change", () => {
  test("a folder that vanishes for a moment is watched again", async (t) => {
    const folder = join(folderFor(t), "conf");
    const path = join(folder, "fairlead.yaml");
    mkdirSync(folder);
    writeFileSync(path, "0");
    const told = watching(t, [path]);
    for (const text of ["1", "2"]) {
      rmSync(folder, { recursive: true });
      await changes(told, `a new folder ${text}`, () => {
        mkdirSync(folder);
        writeFileSync(path, text);
      });
      await changes(told, `a file in the new folder ${text}`, () => replace(path, `${text}!`));
    }
  });

  test("a folder that is renamed over is watched again", async (t) => {
    const above = folderFor(t);
    const folder = join(above, "conf");
    const path = join(folder, "fairlead.yaml");
    mkdirSync(folder);
    writeFileSync(path, "0");
    const told = watching(t, [path]);
    mkdirSync(join(above, "next"));
    writeFileSync(join(above, "next", "fairlead.yaml"), "1");
    await changes(told, "the other folder", () => {
      renameSync(folder, join(above, "old"));
      renameSync(join(above, "next"), folder);
    });
    await changes(told, "a file in it", () => replace(path, "2"));
  });

  test("a mounted ConfigMap, whose ..data link is put elsewhere by one rename", async (t) => {
    const folder = folderFor(t);
    const paths = ["fairlead.yaml", "tls.crt"].map((name) => join(folder, name));
    const publish = (version: string, contents: readonly string[]): void => {
      mkdirSync(join(folder, version));
      for (const [index, text] of contents.entries())
        writeFileSync(join(folder, version, index === 0 ? "fairlead.yaml" : "tls.crt"), text);
      symlinkSync(version, join(folder, "..data_tmp"));
      renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
    };
    publish("..2026_01", ["0", "0"]);
    for (const path of paths) symlinkSync(join("..data", path.slice(folder.length + 1)), path);
    const told = watching(t, paths);
    await changes(told, "both files in one swap", () => publish("..2026_02", ["1", "1"]));
    rmSync(join(folder, "..2026_01"), { recursive: true });
    await changes(told, "one file in another swap", () => publish("..2026_03", ["1", "2"]));
  });

  test("what a link leads to is watched where it is", async (t) => {
    const folder = folderFor(t);
    const [live, archive] = [join(folder, "live"), join(folder, "archive")];
    mkdirSync(live);
    mkdirSync(archive);
    writeFileSync(join(archive, "cert1.pem"), "0");
    const path = join(live, "cert.pem");
    symlinkSync("../archive/cert1.pem", path);
    const told = watching(t, [path]);
    await changes(told, "the file that it leads to", () => writeFileSync(join(archive, "cert1.pem"), "1"));
    writeFileSync(join(archive, "cert2.pem"), "2");
    await changes(told, "a link that leads elsewhere", () => {
      symlinkSync("../archive/cert2.pem", `${path}.new`);
      renameSync(`${path}.new`, path);
    });
    await changes(told, "the other file that it leads to", () => replace(join(archive, "cert2.pem"), "3"));
  });

  test("what no watch can tell is found by looking now and then", async (t) => {
    const folder = folderFor(t);
    for (const version of ["1", "2"]) {
      mkdirSync(join(folder, version, "conf"), { recursive: true });
      writeFileSync(join(folder, version, "conf", "fairlead.yaml"), version);
    }
    symlinkSync("1", join(folder, "current"));
    const path = join(folder, "current", "conf", "fairlead.yaml");
    const told = watching(t, [path], { delay: 10, interval: 20 });
    await changes(told, "a link further up", () => {
      symlinkSync("2", join(folder, "next"));
      renameSync(join(folder, "next"), join(folder, "current"));
    });
  });
});

test("nothing is told after the end, and nothing of it is left", async (t) => {
  const path = join(folderFor(t), "fairlead.yaml");
  writeFileSync(path, "0");
  let count = 0;
  const stop = watchFiles([path], () => (count += 1), OPTIONS);
  const told = watching(t, [path]);
  replace(path, "1");
  stop();
  await until(() => told.count === 1, "the other one is told");
  assert.equal(count, 0);
});
