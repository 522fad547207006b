/** Lines as Apache and nginx write them, which no client can forge. */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { LogOptions } from "../../src/config/index.ts";
import type { AccessRecord } from "../../src/gateway/index.ts";
import { combinedLine } from "../../src/supervisor/combined.ts";
import { Lines } from "../../src/supervisor/index.ts";
import { RECORD } from "./record.ts";

const WORDS = { version: "1.1", referer: "https://chat.test/", userAgent: "Mozilla/5.0 (X11)" };

/** The format as collectors parse it: quoted fields hold no quote, however it is escaped. */
const COMBINED =
  /^(\S+) - - \[(\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000)\] "([^"]*)" (\d{3}) (\d+) "([^"]*)" "([^"]*)"$/;

test("a tunnel and a request are lines in the combined format", () => {
  assert.equal(
    combinedLine(RECORD, WORDS),
    '192.0.2.1 - - [02/Jan/2026:07:09:46 +0000] "GET /chat HTTP/1.1" 101 37 "https://chat.test/" "Mozilla/5.0 (X11)"',
  );
  const request: AccessRecord = { ...RECORD, kind: "request", tunnel: null, body: { fromClient: 9, fromBackend: 5 } };
  assert.match(
    combinedLine({ ...request, status: 200 }, { ...WORDS, version: "1.0" }),
    /"GET \/chat HTTP\/1\.0" 200 5 "/,
  );
});

test("what is not known is a dash, and what was no request has none", () => {
  const nothing: AccessRecord = { ...RECORD, method: "", path: "", status: 400, tunnel: null };
  assert.equal(combinedLine(nothing, undefined), '192.0.2.1 - - [02/Jan/2026:07:09:46 +0000] "-" 400 0 "-" "-"');
});

test("law: whatever a client says, its line is one line with the same seven fields", () => {
  const text = fc.string({ unit: "binary", maxLength: 40 });
  const nasty = fc.oneof(
    text,
    fc.constantFrom('" 200 0 "', "\n192.0.2.9 - - ", "\\", '\\"', "\u001b[2J", "\u00e9", "\u2028"),
  );
  fc.assert(
    fc.property(nasty, nasty, nasty, nasty, (path, referer, userAgent, method) => {
      const line = combinedLine({ ...RECORD, path, method: `G${method}` }, { version: "1.1", referer, userAgent });
      assert.match(line, COMBINED);
      assert.match(line, /^[\x20-\x7e]*$/);
      const [, client, , , status] = COMBINED.exec(line) ?? [];
      assert.deepEqual([client, status], ["192.0.2.1", "101"]);
    }),
  );
});

test("quotes, backslashes and bytes that are no ASCII are written as nginx writes them", () => {
  const line = combinedLine(RECORD, { ...WORDS, userAgent: 'a"b\\c\u00e9\n' });
  assert.ok(line.endsWith(String.raw`"a\x22b\x5Cc\xE9\x0A"`), line);
});

test("combined lines are raw, and only where lines are no sentences and records are wanted", () => {
  const written = (log: Partial<LogOptions>): string => {
    let text = "";
    const output = { write: (line: string) => (text += line) };
    const all: LogOptions = {
      level: "info",
      format: "json",
      access: "end",
      accessFormat: "combined",
      accessEvery: "off",
      ...log,
    };
    new Lines(all, output, true).record({ ...RECORD, path: "x".repeat(9_000) }, WORDS);
    return text;
  };
  assert.match(written({}).trimEnd(), COMBINED);
  assert.ok(written({}).length < 2_000);
  assert.equal(written({ access: "off" }), "");
  assert.equal(written({ level: "warn" }), "");
  assert.match(written({ format: "pretty" }), /tunnel GET chat\.test/);
  assert.equal(typeof JSON.parse(written({ accessFormat: "json" })), "object");
});
