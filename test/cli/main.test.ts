import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, test } from "node:test";

import { COMMANDS } from "../../src/cli/commands/table.ts";
import { main } from "../../src/cli/main.ts";
import { jsonSchema } from "../../src/config/index.ts";

const GOOD = "backends: [ws://127.0.0.1:8000, ws://127.0.0.1:8001]\nworkers: 2\n";
const BAD = "backends: [ws://127.0.0.1:8000]\nworkres: 2\ndrain: soon\n";
const CAREFUL = "backends: [ws://127.0.0.1:8000]\naffinity: cookie\n";

/** Runs a command line with files that exist only for it. */
async function run(argv: readonly string[], files: Readonly<Record<string, string>> = {}, env = {}) {
  let stdout = "";
  let stderr = "";
  const code = await main(argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env,
    cwd: "/srv/app",
    home: "/home/me",
    signals: new EventEmitter(),
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
      return text;
    },
  });
  return { code, stdout, stderr, lines: stderr.trimEnd().split("\n") };
}

describe("help and version", () => {
  test("--help shows every command, flag and exit code, and examples", async () => {
    const { code, stdout, stderr } = await run(["--help"]);
    assert.equal(code, 0);
    assert.equal(stderr, "");
    const names = COMMANDS.map(({ name }) => name);
    for (const word of [...names, "--listen", "--config", "--drain", "Examples:", "Exit codes"]) {
      assert.ok(stdout.includes(word), word);
    }
  });

  test("each command has help of its own", async () => {
    for (const { name, options } of COMMANDS) {
      if (name === "serve") continue;
      const { code, stdout } = await run([name, "--help"]);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`^Usage: fairlead ${name}`));
      for (const { long } of options) assert.ok(stdout.includes(long ?? "no name"), `${name} ${long}`);
    }
  });

  test("--version prints the version alone", async () => {
    const { code, stdout } = await run(["--version"]);
    assert.equal(code, 0);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });
});

describe("check", () => {
  test("a right file gets one line and exit code 0", async () => {
    const { code, stdout, stderr } = await run(["check", "a.yaml"], { "/srv/app/a.yaml": GOOD });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(stdout, "a.yaml: fine (1 listener, 0 routes, 1 pool, 2 backends)\n");
  });

  test("a wrong file gets every mistake with its place, and exit code 2", async () => {
    const { code, stdout, lines } = await run(["check", "a.yaml"], { "/srv/app/a.yaml": BAD });
    assert.deepEqual([code, stdout], [2, ""]);
    assert.equal(lines.length, 2);
    assert.equal(lines[0], 'a.yaml:2:1: workres: unknown key; did you mean "workers"?');
    assert.match(lines[1] ?? "", /^a\.yaml:3:8: drain: expected a duration such as .*, found "soon"$/);
  });

  test("warnings go to standard error and leave the exit code at 0", async () => {
    const { code, lines } = await run(["check", "a.yaml"], { "/srv/app/a.yaml": CAREFUL });
    assert.equal(code, 0);
    assert.match(lines[0] ?? "", /^warning: a\.yaml:2:11: affinity: cookies .* set secret$/);
  });

  test("without a FILE the one that serve would find is checked", async () => {
    const { stdout } = await run(["check"], { "/home/me/.config/fairlead/fairlead.yml": GOOD });
    assert.match(stdout, /^\/home\/me\/\.config\/fairlead\/fairlead\.yml: fine/);
  });

  test("without any file it says where it looked, with exit code 2", async () => {
    const { code, stderr } = await run(["check"]);
    assert.equal(code, 2);
    assert.match(stderr, /no configuration file.*\/srv\/app\/fairlead\.yaml.*\/etc\/fairlead\/fairlead\.json/);
  });

  test("a file that does not exist is wrong usage", async () => {
    const { code, stderr } = await run(["check", "b.yaml"]);
    assert.equal(code, 2);
    assert.match(stderr, /^FILE: \/srv\/app\/b\.yaml cannot be read: there is no such file/);
  });
});

describe("explain and schema", () => {
  test("explain prints what explains itself alike", async () => {
    const first = await run(["explain", "a.yaml"], { "/srv/app/a.yaml": GOOD });
    const second = await run(["explain", "a.yaml"], { "/srv/app/a.yaml": first.stdout });
    assert.deepEqual([first.code, second.code], [0, 0]);
    assert.equal(second.stdout, first.stdout);
    assert.match(first.stdout, /^drain: 10s$/m);
  });

  test("explain tells what the environment says", async () => {
    const { stdout } = await run(["explain", "a.yaml"], { "/srv/app/a.yaml": GOOD }, { FAIRLEAD_WORKERS: "7" });
    assert.match(stdout, /^workers: 7$/m);
  });

  test("schema prints the JSON Schema", async () => {
    const { code, stdout } = await run(["schema"]);
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), JSON.parse(JSON.stringify(jsonSchema())));
  });
});

describe("wrong usage", () => {
  test("every mistake is told at once, with what was probably meant, and exit code 2", async () => {
    const { code, stdout, lines } = await run([
      ...["--lisen", ":1", "--blance=random", "--drain", "soon", "--workers", "0", "ws://a:1", "b:2", "--admin"],
    ]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.equal(lines.length, 6);
    const text = lines.join("\n");
    assert.match(text, /^--lisen: no such option; did you mean --listen\?$/m);
    assert.match(text, /^--blance: no such option; did you mean --balance\?$/m);
    assert.match(text, /^--admin: a value must follow$/m);
    assert.match(text, /^--drain: expected a duration/m);
    assert.match(text, /^--workers: expected a number of at least 1, found 0$/m);
    assert.match(text, /^BACKEND_URL: "b:2" has no scheme; write ws:\/\/b:2$/m);
  });

  test("a misspelt command is no backend", async () => {
    const { code, stderr } = await run(["chek", "fairlead.yaml"]);
    assert.equal(code, 2);
    assert.equal(stderr, '"chek": no such command; did you mean "check"?\n');
  });

  test("commands refuse what only serve takes, and what is too much", async () => {
    const { code, lines } = await run(["--listen", ":1", "check", "a.yaml", "b.yaml", "--fast"], {
      "/srv/app/a.yaml": BAD,
    });
    assert.equal(code, 2);
    assert.deepEqual(lines.slice(0, 3), [
      "--fast: no such option; see fairlead --help",
      "--listen: check takes no such option; leave it out",
      '"b.yaml": check takes one FILE; leave it out',
    ]);
    assert.match(lines[3] ?? "", /^a\.yaml:2:1: workres/);
    assert.equal((await run(["schema", "x"])).stderr, '"x": schema takes no argument; leave it out\n');
  });

  test("the values of flags are judged like those of files, and named after the flag", async () => {
    const { code, stderr } = await run(["serve", "--balance", "least-conn", "ws://a:1"]);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^--balance: no balancing method is called "least-conn"; did you mean "least-connections"\?\n$/,
    );
  });

  test("a flag that needs no value is one, and beats its variable", async () => {
    const { stderr } = await run(["--watch", "--drain-delay", "late", "ws://a:1"], {}, { FAIRLEAD_WATCH: "perhaps" });
    assert.match(stderr, /^--drain-delay: expected a duration .*, found "late"\n$/);
    assert.equal(
      (await run(["ws://a:1"], {}, { FAIRLEAD_WATCH: "perhaps" })).stderr,
      'FAIRLEAD_WATCH: expected true or false, found "perhaps"\n',
    );
  });

  test("mistakes of flags and of the file are told together", async () => {
    const { lines } = await run(["-c", "a.yaml", "--admin", "of"], { "/srv/app/a.yaml": BAD });
    assert.deepEqual(
      lines.map((line) => line.split(": ")[0]),
      ["--admin", "a.yaml:2:1", "a.yaml:3:8"],
    );
  });
});
