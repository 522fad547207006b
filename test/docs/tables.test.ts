/** What pages list is what the code has. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

import { AFFINITY_METHODS } from "../../src/affinity/index.ts";
import { balanceTraits, BALANCE_METHODS, balanceSchema } from "../../src/balancing/index.ts";
import { ERROR_CODES } from "../../src/base/index.ts";
import { type LegTruth, type Truth, TRUTH } from "../../src/relay/index.ts";
import { DOOR, FLOORS, HIGHEST_PURE_FLOOR } from "../../tools/house/house.ts";
import { page, plain, ROOT, table } from "./pages.ts";

test("docs/errors.md has every code with its fault, retry and meaning, and what to do", () => {
  const rows = table("docs/errors.md", "| code | fault | retry | meaning | what to do |");
  const listed = rows.map((row) => row.slice(0, 4).map(plain));
  const known = Object.entries(ERROR_CODES).map(([code, { fault, retry, meaning }]) => [
    code,
    fault,
    retry ? "yes" : "no",
    meaning,
  ]);
  assert.deepEqual(listed, known);
  for (const [code, , , , advice] of rows) assert.ok((advice ?? "").length > 0, `${code} says what to do`);
});

test("docs/closing.md has every cell of the truth table", () => {
  const listed = table(
    "docs/closing.md",
    "| cause | ended by | client gets | backend gets | first | backend's health |",
  );
  const told = ({ code, answers }: LegTruth): string => {
    if (code === "none") return "-";
    return answers ? String(code) : `${code}, then the end`;
  };
  const known = Object.entries(TRUTH).map(([cause, truth]: [string, Truth]) => [
    cause,
    truth.by,
    told(truth.client),
    told(truth.backend),
    truth.first,
    truth.health === "none" ? "-" : truth.health,
  ]);
  assert.deepEqual(
    listed.map((row) => row.map(plain)),
    known,
  );
});

test("docs/closing.md has what a backend is told that is lost while its client stays, and what that says of its health", () => {
  const head = "| what happens | client gets | the old backend gets | first | backend's health |";
  const listed = table("docs/closing.md", head).map((row) => row.map(plain));
  const losses = Object.entries(TRUTH).filter(([, { by, first }]) => by === "backend" && first === "client");
  for (const [cause, { backend, health }] of losses) {
    if (cause === "backend-close") continue;
    const told = backend.code === "none" ? "-" : `${backend.code}, then the end`;
    assert.ok(
      listed.some((row) => row.join() === [cause, "-", told, "-", health].join()),
      cause,
    );
  }
  assert.ok(listed.every(([, client]) => client === "-"));
});

test("docs/closing.md says what every cause means, and which of them take backendLostCode", () => {
  const meanings = table("docs/closing.md", "| cause | what happened |").flatMap(([causes]) =>
    plain(causes).split(", "),
  );
  assert.deepEqual(meanings.toSorted(), Object.keys(TRUTH).toSorted());
  const lost = Object.entries(TRUTH).filter(
    ([, { by, client }]) => by === "backend" && typeof client.code === "number",
  );
  for (const [cause] of lost)
    assert.match(page("docs/closing.md").split("## Why 1012")[1] ?? "", new RegExp(`\`${cause}\``));
  assert.equal(lost.length, 4);
});

test("docs/balancing.md has every method and whether it takes weights, and each has an example", () => {
  const rows = table("docs/balancing.md", "| method | weights | takes | when |");
  const listed = new Map(rows.map(([method, weights]) => [plain(method), weights]));
  assert.equal(listed.size, BALANCE_METHODS.length);
  for (const name of BALANCE_METHODS) {
    const { usesWeights } = balanceTraits(balanceSchema.parse(name));
    assert.equal(listed.get(name), usesWeights ? "yes" : "no", name);
    assert.ok(existsSync(join(ROOT, `examples/balancing/${name}.yaml`)), `${name} has an example`);
  }
});

test("docs/balancing.md has every kind of affinity", () => {
  const listed = table("docs/balancing.md", "| `affinity` | follows | when |").map(([name]) => plain(name));
  assert.deepEqual(listed, [...AFFINITY_METHODS]);
});

test("docs/dependencies.md has every dependency, and no other", () => {
  const names = (key: string, path = "package.json"): string[] => {
    const manifest = JSON.parse(page(path)) as Record<string, object>; // npm's own form
    return Object.keys(manifest[key] ?? {});
  };
  const text = page("docs/dependencies.md").split(/## To build and test|## For the benchmark/);
  const listed = (part: string): string[] => [...part.matchAll(/^\| `(.+?)` \|/gm)].map(([, name]) => name ?? "");
  assert.deepEqual(listed(text[0] ?? ""), names("dependencies"));
  assert.deepEqual(listed(text[1] ?? ""), names("devDependencies"));
  const bench = "bench/package.json";
  assert.deepEqual(
    listed(text[2] ?? ""),
    [...names("dependencies", bench), ...names("devDependencies", bench)].toSorted(),
  );
});

test("ARCHITECTURE.md has every room on its floor, in at most 200 lines", () => {
  const rows = table("ARCHITECTURE.md", "| floor | room | job |").map(([floor, room]) => [plain(room), Number(floor)]);
  assert.deepEqual(Object.fromEntries(rows), FLOORS);
  for (const path of ["ARCHITECTURE.md", "CONTRIBUTING.md"]) {
    assert.match(page(path), new RegExp(`Rooms up to floor ${HIGHEST_PURE_FLOOR} are pure`));
  }
  assert.equal(DOOR.floor, FLOORS["cli"], "the door stands beside the command line");
  assert.ok(page("ARCHITECTURE.md").split("\n").length <= 200);
});
