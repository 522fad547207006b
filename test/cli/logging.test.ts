import assert from "node:assert/strict";
import { describe, test } from "node:test";

import type { LogOptions } from "../../src/config/index.ts";
import { createLogger } from "../../src/supervisor/index.ts";

function lines(log: Partial<LogOptions>, isTTY: boolean, noColor = false): string {
  let text = "";
  const options: LogOptions = {
    level: "info",
    format: "auto",
    access: "end",
    accessFormat: "json",
    accessEvery: "off",
    ...log,
  };
  const logger = createLogger(options, { write: (line) => (text += line), isTTY }, noColor);
  logger.debug({}, "too small");
  logger.warn({ backend: "ws://a:1" }, "look at this");
  return text;
}

describe("log lines", () => {
  test("they are JSON with level, time and fields where nobody watches", () => {
    const text = lines({}, false);
    assert.equal(text.trimEnd().split("\n").length, 1);
    const { level, time, msg, backend, ...rest }: Record<string, unknown> = JSON.parse(text);
    assert.deepEqual([level, msg, backend], ["warn", "look at this", "ws://a:1"]);
    assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 60_000);
    assert.deepEqual(rest, {});
  });

  test("they are for people, and coloured, on a terminal", () => {
    const text = lines({}, true);
    assert.match(text, /WARN.*look at this/);
    assert.ok(text.includes("\u001b["));
  });

  test("there is no colour where none is wanted, nor away from a terminal", () => {
    assert.ok(!lines({}, true, true).includes("\u001b["));
    assert.ok(!lines({ format: "pretty" }, false).includes("\u001b["));
  });

  test("for people, too, a record is one line, with the code of what went wrong in it", () => {
    let text = "";
    const log: LogOptions = {
      level: "info",
      format: "pretty",
      access: "end",
      accessFormat: "json",
      accessEvery: "off",
    };
    const logger = createLogger(log, { write: (line) => (text += line) }, true);
    logger.info({ error: "NO_CANDIDATE", status: 503 }, "request");
    assert.equal(text.trimEnd().split("\n").length, 1, text);
    assert.match(text, /"error":"NO_CANDIDATE","status":503/);
  });

  test("JSON can be had on a terminal, and silence everywhere", () => {
    assert.doesNotThrow(() => JSON.parse(lines({ format: "json" }, true)));
    assert.equal(lines({ level: "silent" }, true), "");
  });
});
