/** The fields that pages describe are those that a run gives. */
import assert from "node:assert/strict";
import test from "node:test";

import { startEcho } from "../kit/backends.ts";
import { startBalancer } from "../kit/balancer.ts";
import { openWs } from "../kit/clients.ts";
import { blocks, plain, table } from "./pages.ts";

/** Names of all fields below a value; those of a list's elements behind `[]`. Objects are named where `inner` says so. */
const fieldsOf = (value: unknown, inner: boolean, prefix = ""): string[] => {
  if (Array.isArray(value))
    return [...new Set(value.flatMap((one) => fieldsOf(one, inner, `${prefix.slice(0, -1)}[].`)))];
  if (typeof value !== "object" || value === null) return [prefix.slice(0, -1)];
  const own = inner && prefix !== "" ? [prefix.slice(0, -1)] : [];
  return [...own, ...Object.entries(value).flatMap(([key, one]) => fieldsOf(one, inner, `${prefix}${key}.`))];
};

const described = (path: string): string[] => table(path, "| field | meaning |").map(([field]) => plain(field));
const examples = (path: string): unknown[] =>
  blocks("json")
    .filter((block) => block.page === path)
    .map(({ text }): unknown => JSON.parse(text));

test("docs/records.md describes every field of a tunnel's and a request's record, and shows both", async (t) => {
  const backend = await startEcho(t, { name: "one" });
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  await (await openWs(t, fairlead.url)).bye();
  const tunnel = await fairlead.record(({ kind }) => kind === "tunnel");
  await (await fetch(fairlead.origin)).text();
  const request = await fairlead.record(({ kind }) => kind === "request");
  const fields = new Set([tunnel, request].flatMap((record) => fieldsOf(record, true)));
  assert.deepEqual([...new Set(described("docs/records.md"))].toSorted(), [...fields].toSorted());
  const shown = examples("docs/records.md").map((example) => fieldsOf(example, true));
  assert.deepEqual(shown, [fieldsOf(tunnel, true), fieldsOf(request, true)]);
});

test("docs/status.md describes every field of the status, and shows one", async (t) => {
  const backend = await startEcho(t, { name: "one" });
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const fields = fieldsOf(await fairlead.balancer.status(), false);
  assert.deepEqual(described("docs/status.md"), fields);
  assert.deepEqual(
    examples("docs/status.md").map((example) => fieldsOf(example, false)),
    [fields],
  );
});
