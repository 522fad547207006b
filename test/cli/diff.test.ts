import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

import { main } from "../../src/cli/main.ts";
import { certificateFor } from "../kit/certs.ts";
import { needTool } from "../kit/tools.ts";

const OLD = "backends: [ws://10.0.0.11:8000, ws://10.0.0.12:8000]\nworkers: 2\n";
const NEW = "backends: [ws://10.0.0.12:8000, ws://10.0.0.13:8000]\nworkers: 4\n";
/** Other words for the same. */
const OLD_AGAIN = 'workers: 2\npools: { default: { backends: ["http://10.0.0.12:8000/", ws://10.0.0.11:8000] } }\n';

/** Runs `diff` with files that exist only for it. */
async function diff(args: readonly string[], files: Readonly<Record<string, string>> = {}, env = {}) {
  let stdout = "";
  let stderr = "";
  const code = await main(["diff", ...args], {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env,
    cwd: "/srv",
    home: undefined,
    signals: new EventEmitter(),
    readFile: (path) => {
      const text = { "/srv/old.yaml": OLD, "/srv/new.yaml": NEW, ...files }[path];
      if (text === undefined) throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
      return text;
    },
  });
  return { code, stdout, stderr, lines: stderr.trimEnd().split("\n") };
}

describe("two right files", () => {
  test("differences are printed, and the exit code is 0", async () => {
    const { code, stdout, stderr } = await diff(["old.yaml", "new.yaml"]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^pools and backends\n {2}- backend ws:\/\/10\.0\.0\.11:8000 of pool default\n/);
    assert.match(stdout, /\n1 backend added, 1 removed; 1 setting changed; 1 change needs a restart\n$/);
  });

  test("with --exit-code it is 1 when they differ, and 0 when they only have other words for the same", async () => {
    const files = { "/srv/again.yaml": OLD_AGAIN };
    const different = await diff(["--exit-code", "old.yaml", "new.yaml"]);
    const same = await diff(["old.yaml", "again.yaml", "--exit-code"], files);
    assert.deepEqual([different.code, same.code], [1, 0]);
    assert.equal(same.stdout, "no difference\n");
  });

  test("--json is for programs, whatever the order of words", async () => {
    const { code, stdout } = await diff(["old.yaml", "--json", "new.yaml"]);
    assert.equal(code, 0);
    const printed: unknown = JSON.parse(stdout);
    assert.deepEqual(printed, {
      differs: true,
      differences: [
        {
          kind: "changed",
          subject: "settings",
          name: "",
          changes: [
            {
              path: "workers",
              before: 2,
              after: 4,
              effect: "stays as it is until a restart: each process holds its share of the open tunnels",
              restart: true,
            },
          ],
        },
        {
          kind: "removed",
          subject: "backend",
          name: "ws://10.0.0.11:8000",
          owner: "default",
          about: "",
          effect: "is drained: it gets nothing new, and its tunnels are ended one by one with 1012, or re-homed",
        },
        {
          kind: "added",
          subject: "backend",
          name: "ws://10.0.0.13:8000",
          owner: "default",
          about: "",
          effect: "takes new tunnels and requests",
        },
      ],
    });
    assert.deepEqual(JSON.parse((await diff(["old.yaml", "old.yaml", "--json"])).stdout), {
      differs: false,
      differences: [],
    });
  });

  test("the environment says the same of both, and is warned of once", async () => {
    const env = { FAIRLEAD_WORKERS: "3", FAIRLEAD_WORKRES: "4" };
    const { stdout, lines } = await diff(["old.yaml", "new.yaml"], {}, env);
    assert.doesNotMatch(stdout, /workers/);
    assert.deepEqual(lines, [
      "warning: FAIRLEAD_WORKRES: fairlead reads no such variable; did you mean FAIRLEAD_WORKERS?",
    ]);
  });

  test("the example of docs/command-line.md is what it prints", async (t) => {
    if (!needTool(t, "openssl", "/usr/bin/openssl")) return;
    const old = certificateFor(["chat.example.com"]);
    const renewed = certificateFor(["chat.example.com"], "other-ca");
    const listen = "listen: { address: :8443, tls: { certificates: [{ cert: CERT.pem, key: CERT.key }] } }\n";
    const rest = "pools: { chat: { backends: [BACKENDS] } }\nworkers: ";
    const { stdout } = await diff(["a.yaml", "b.yaml"], {
      "/srv/a.yaml": `${listen}${rest}2`
        .replaceAll("CERT", "old")
        .replace("BACKENDS", "ws://10.0.0.11:8000, ws://10.0.0.12:8000"),
      "/srv/b.yaml": `${listen}${rest}4`
        .replaceAll("CERT", "renewed")
        .replace("BACKENDS", "{ url: ws://10.0.0.12:8000, weight: 2 }, ws://10.0.0.13:8000"),
      "/srv/old.pem": old.cert,
      "/srv/old.key": old.key,
      "/srv/renewed.pem": renewed.cert,
      "/srv/renewed.key": renewed.key,
    });
    const page = readFileSync(new URL("../../docs/command-line.md", import.meta.url), "utf8");
    const [, example = ""] = /```text\n(.*?)```/s.exec(page) ?? [];
    const anyCertificate = (text: string): string => text.replaceAll(/[\dA-F:]{23} until [\d-]{10}/g, "CERTIFICATE");
    assert.equal(anyCertificate(stdout), anyCertificate(example));
  });
});

describe("what is wrong", () => {
  test("mistakes of both files are told at once, each with its place, and exit code 2", async () => {
    const files = { "/srv/a.yaml": "workres: 2\n", "/srv/b.yaml": `${NEW}drain: soon\n` };
    const { code, stdout, lines } = await diff(["a.yaml", "b.yaml"], files);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.equal(lines.length, 3);
    assert.equal(lines[0], 'a.yaml:1:1: workres: unknown key; did you mean "workers"?');
    assert.match(lines[1] ?? "", /^a\.yaml:1:1: there is no backend/);
    assert.match(lines[2] ?? "", /^b\.yaml:3:8: drain: expected a duration/);
  });

  test("one wrong file is enough, with --exit-code as well", async () => {
    const { code, stdout } = await diff(["old.yaml", "b.yaml", "--exit-code"], { "/srv/b.yaml": "workers: 0" });
    assert.deepEqual([code, stdout], [2, ""]);
  });

  test("a file that does not exist is named by its argument", async () => {
    const { code, lines } = await diff(["nowhere.yaml", "neither.yaml"]);
    assert.equal(code, 2);
    assert.match(lines[0] ?? "", /^OLD: \/srv\/nowhere\.yaml cannot be read: there is no such file/);
    assert.match(lines[1] ?? "", /^NEW: \/srv\/neither\.yaml cannot be read/);
  });

  test("what the environment says wrong is told once, not once a file", async () => {
    const { code, lines } = await diff(["old.yaml", "new.yaml"], {}, { FAIRLEAD_WORKERS: "none" });
    assert.equal(code, 2);
    assert.equal(lines.length, 1);
    assert.match(lines[0] ?? "", /^FAIRLEAD_WORKERS: expected/);
  });

  test("both files must be named, and no more", async () => {
    for (const args of [[], ["old.yaml"]]) {
      const { code, stderr } = await diff(args);
      assert.deepEqual([code, stderr], [2, "diff takes OLD and NEW, two configuration files; name both\n"]);
    }
    assert.equal((await diff(["old.yaml", "new.yaml", "x"])).stderr, '"x": diff takes OLD and NEW; leave it out\n');
  });

  test("flags that it does not know are told with what was meant, beside the mistakes of the files", async () => {
    const { code, lines } = await diff(["b.yaml", "new.yaml", "--jsn"], { "/srv/b.yaml": "workers: 0" });
    assert.equal(code, 2);
    assert.equal(lines[0], "--jsn: no such option; did you mean --json?");
    assert.match(lines[1] ?? "", /^b\.yaml:1:1: /);
    assert.match((await diff(["old.yaml", "new.yaml", "--drain", "1s"])).stderr, /^--drain: diff takes no such option/);
  });
});
