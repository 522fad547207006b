import assert from "node:assert/strict";
import { test } from "node:test";
import { z } from "zod";
import { choiceError, durationField, durationOrOff, sizeField, sizeOrOff } from "../../src/base/index.ts";

const schema = z.strictObject({
  timeout: durationField().prefault("30s"),
  lifetime: durationOrOff().prefault("off"),
  buffer: sizeField().prefault("64KiB"),
  message: sizeOrOff({ max: 1024 }).prefault("off"),
  drain: durationField({ zero: true }).prefault("10s"),
});

function messageOf(input: object): string | undefined {
  return schema.safeParse(input).error?.issues[0]?.message;
}

test("defaults are written as people write them and parsed like everything else", () => {
  assert.deepEqual(schema.parse({}), {
    timeout: 30_000,
    lifetime: "off",
    buffer: 65_536,
    message: "off",
    drain: 10_000,
  });
});

test("numbers count as milliseconds and bytes, texts need a unit", () => {
  const parsed = schema.parse({ timeout: 250, lifetime: "1h", buffer: 100, message: "1KiB", drain: 0 });
  assert.deepEqual(parsed, { timeout: 250, lifetime: 3_600_000, buffer: 100, message: 1024, drain: 0 });
});

test("a mistake is answered with what would be right", () => {
  const duration = 'expected a duration such as "500ms", "30s", "10m" or "1h30m", or a number of milliseconds';
  const size = 'expected a size such as "512B", "64KiB" or "16MiB", or a whole number of bytes';
  const cases: [object, string][] = [
    [{ timeout: "30" }, '"30" has no unit; write "30s", for example'],
    [{ lifetime: "1.5" }, '"1.5" has no unit; write "1.5s", for example'],
    [{ buffer: "64" }, '"64" has no unit; write "64KiB", for example'],
    [{ timeout: "-30" }, `${duration}, found "-30"`],
    [{ timeout: null }, `${duration}, found null`],
    [{ timeout: "off" }, `${duration}, found "off"`],
    [{ lifetime: "never" }, `${duration}, or "off", found "never"`],
    [{ lifetime: false }, `${duration}, or "off", found false`],
    [{ buffer: "64k" }, `${size}, found "64k"`],
    [{ buffer: 1.5 }, `${size}, found 1.5`],
    [{ timeout: "0s" }, "expected at least 1ms, found 0s"],
    [{ timeout: -1 }, "expected at least 1ms, found -1ms"],
    [{ drain: -1 }, "expected at least 0s, found -1ms"],
    [{ timeout: "90d" }, "expected at most 24d, found 90d"],
    [{ message: "1MiB" }, "expected at most 1KiB, found 1MiB"],
    [{ message: "64MB" }, "expected at most 1KiB, found 64MB"],
  ];
  for (const [input, message] of cases) assert.equal(messageOf(input), message);
});

test("the JSON Schema of the input accepts both forms and shows the default", () => {
  const json = z.toJSONSchema(schema, { io: "input" });
  assert.deepEqual(json.properties?.["timeout"], { default: "30s", type: ["number", "string"] });
  assert.deepEqual(json.properties?.["lifetime"], {
    default: "off",
    anyOf: [{ type: "string", const: "off" }, { type: "number" }, { type: "string" }],
  });
  assert.equal(json.required, undefined);
});

test("an unknown choice is named together with what was meant, or with what there is", () => {
  const error = choiceError("colour", ["red", "green"]);
  assert.equal(error({ input: "gren" }), 'no colour is called "gren"; did you mean "green"?');
  assert.equal(error({ input: "purple" }), 'no colour is called "purple"; known are red, green');
  assert.equal(error({ input: { method: "rad" } }), 'no colour is called "rad"; did you mean "red"?');
  assert.equal(error({ input: {} }), 'expected "method" with the name of a colour; known are red, green');
  assert.equal(error({ input: 3 }), 'expected the name of a colour or an object with "method"; known are red, green');
  assert.equal(error({ input: { method: "red", shade: 1 } }), undefined, "mistakes inside keep their own text");
});
