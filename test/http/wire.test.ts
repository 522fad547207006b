import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  findHeadEnd,
  MAX_RESPONSE_HEAD_SIZE,
  MAX_RESPONSE_HEADERS,
  parseResponseHead,
  requestHeadText,
  type ResponseHead,
  responseHeadText,
} from "../../src/http/index.ts";

const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1");
const parse = (text: string): ResponseHead => parseResponseHead(bytesOf(text), text.length);

const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/);
const fieldValue = fc
  .string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
  })
  .map((text) => text.replace(/^ +| +$/g, ""));
const headers = fc.array(fc.tuple(token, fieldValue), { maxLength: 20 }).map((lines) => lines.flat());
const anyText = fc.string({ unit: "binary" });

describe("outgoing heads", () => {
  test("are written line by line, with the blank line", () => {
    assert.equal(
      requestHeadText("GET", "/a?b", ["Host", "x", "x-A", ""]),
      "GET /a?b HTTP/1.1\r\nHost: x\r\nx-A: \r\n\r\n",
    );
    assert.equal(responseHeadText(101, "Switching Protocols", []), "HTTP/1.1 101 Switching Protocols\r\n\r\n");
    assert.equal(responseHeadText(200, "", ["A", "b"]), "HTTP/1.1 200 \r\nA: b\r\n\r\n");
  });

  test("are refused when a part would change their meaning", () => {
    const evil = ["a\rb", "a\nb", "a\u0000b", "a\r\nX: y", "\u010a", "\u560d\u560a"];
    const makers = evil.flatMap((text) => [
      () => requestHeadText(text, "/", []),
      () => requestHeadText("GET", `/${text}`, []),
      () => requestHeadText("GET", "/", [text, "x"]),
      () => requestHeadText("GET", "/", ["A", text]),
      () => responseHeadText(200, text, []),
      () => responseHeadText(200, "OK", [text, "x"]),
      () => responseHeadText(200, "OK", ["A", text]),
    ]);
    const more = [
      () => requestHeadText("GET", "/a b", []),
      () => requestHeadText("GET", "", []),
      () => requestHeadText("", "/", []),
      () => requestHeadText("GET", "/", ["A: b", "c"]),
      () => requestHeadText("GET", "/", ["A "]),
      () => requestHeadText("GET", "/", ["A"]),
      () => responseHeadText(99, "", []),
      () => responseHeadText(1000, "", []),
      () => responseHeadText(200.5, "", []),
    ];
    for (const make of [...makers, ...more]) {
      assert.throws(make, { code: "BAD_HEAD" });
    }
  });

  test("law: no input makes a head with more lines than headers, or with a NUL", () => {
    fc.assert(
      fc.property(anyText, anyText, fc.array(anyText, { maxLength: 4 }), (first, second, lines) => {
        for (const make of [
          () => requestHeadText(first, second, lines),
          () => requestHeadText("GET", "/", [first, second]),
          () => responseHeadText(200, first, lines),
        ]) {
          const text = attempt(make);
          if (text !== undefined) {
            const wire = bytesOf(text).toString("latin1");
            assert.equal(findHeadEnd(bytesOf(text), 0), wire.length);
            assert.ok(wire.split(/[\r\n]+/).length <= 3 + lines.length / 2);
            assert.ok(!wire.includes("\u0000"));
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

function attempt(make: () => string): string | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

describe("a backend's head", () => {
  test("is read with order, case and duplicates", () => {
    assert.deepEqual(parse("HTTP/1.0 404 Not \xe9 Found\r\nA:1\r\na: \t2 \t\r\nB:\r\n\r\n"), {
      version: "1.0",
      status: 404,
      reason: "Not \xe9 Found",
      headers: ["A", "1", "a", "2", "B", ""],
    });
    assert.equal(parse("HTTP/1.1 200\r\n\r\n").reason, "");
    assert.equal(parse("HTTP/1.1 200 \r\n\r\n").reason, "");
  });

  const bad: [string, string][] = [
    ["another protocol", "SSH-2.0-OpenSSH\r\n\r\n"],
    ["HTTP/2 in words", "HTTP/2.0 200 OK\r\n\r\n"],
    ["HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n"],
    ["no version", "200 OK\r\n\r\n"],
    ["lower case", "http/1.1 200 OK\r\n\r\n"],
    ["two digits", "HTTP/1.1 20 OK\r\n\r\n"],
    ["four digits", "HTTP/1.1 2000 OK\r\n\r\n"],
    ["a status below 100", "HTTP/1.1 099 OK\r\n\r\n"],
    ["no blank behind the status", "HTTP/1.1 200OK\r\n\r\n"],
    ["two blanks before the status", "HTTP/1.1  200 OK\r\n\r\n"],
    ["an empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n"],
    ["bare LF", "HTTP/1.1 200 OK\nA: b\n\n"],
    ["a bare LF among CRLF", "HTTP/1.1 200 OK\r\nA: b\nC: d\r\n\r\n"],
    ["a bare CR", "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n"],
    ["a bare CR at the end of a value", "HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n"],
    ["a NUL", "HTTP/1.1 200 OK\r\nA: b\u0000\r\n\r\n"],
    ["a NUL in the reason", "HTTP/1.1 200 O\u0000K\r\n\r\n"],
    ["a folded line", "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"],
    ["a blank before the colon", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n"],
    ["no colon", "HTTP/1.1 200 OK\r\nA\r\n\r\n"],
    ["no name", "HTTP/1.1 200 OK\r\n: b\r\n\r\n"],
    ["a name that is no token", "HTTP/1.1 200 OK\r\nA(b): c\r\n\r\n"],
    ["too many headers", `HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(MAX_RESPONSE_HEADERS + 1)}\r\n`],
    ["too large a head", `HTTP/1.1 200 OK\r\nA: ${"b".repeat(MAX_RESPONSE_HEAD_SIZE)}\r\n\r\n`],
    ["no end", "HTTP/1.1 200 OK\r\n"],
    ["nothing", ""],
  ];
  for (const [name, text] of bad) {
    test(`with ${name} is refused`, () => {
      assert.throws(() => parse(text), { code: "BACKEND_BAD_HEAD" });
    });
  }

  test("may be as large as the limits allow", () => {
    assert.equal(parse(`HTTP/1.1 200 OK\r\n${"A: b\r\n".repeat(MAX_RESPONSE_HEADERS)}\r\n`).headers.length, 512);
    const text = `HTTP/1.1 200 OK\r\nA: ${"b".repeat(MAX_RESPONSE_HEAD_SIZE - 24)}\r\n\r\n`;
    assert.equal(text.length, MAX_RESPONSE_HEAD_SIZE);
    assert.equal(parse(text).status, 200);
  });

  test("is read from where its bytes lie, nothing behind its end", () => {
    const whole = bytesOf("xxHTTP/1.1 200 OK\r\nA: b\r\n\r\nbody\r\n\r\n");
    const bytes = whole.subarray(2);
    assert.deepEqual(parseResponseHead(new Uint8Array(bytes), 25).headers, ["A", "b"]);
    assert.deepEqual(parseResponseHead(bytes, findHeadEnd(bytes, 0)).headers, ["A", "b"]);
  });

  test("law: what is written is read back", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 999 }), fieldValue, headers, (status, reason, lines) => {
        const text = responseHeadText(status, reason, lines);
        assert.deepEqual(parse(text), { version: "1.1", status, reason, headers: lines });
      }),
    );
  });

  test("law: random bytes are refused by an error of ours, never another", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
        const bytes = Buffer.concat([bytesOf("HTTP/1.1 200 OK\r\n"), noise, bytesOf("\r\n\r\n")]);
        try {
          parseResponseHead(bytes, bytes.length);
        } catch (error) {
          assert.ok(error instanceof Error && "code" in error && error.code === "BACKEND_BAD_HEAD");
        }
      }),
    );
  });
});

describe("the end of a head", () => {
  test("is behind the blank line, of CRLF or (to be refused) bare LF", () => {
    assert.equal(findHeadEnd(bytesOf("A\r\nB\r\n\r\nrest\r\n\r\n"), 0), 8);
    assert.equal(findHeadEnd(bytesOf("A\nB\n\nrest"), 0), 5);
    assert.equal(findHeadEnd(bytesOf("A\r\nB\n\r\nrest"), 0), 7);
    assert.equal(findHeadEnd(bytesOf("A\r\nB\r\n\r"), 0), -1);
    assert.equal(findHeadEnd(bytesOf(""), 0), -1);
  });

  test("law: however the bytes arrive, the end is found once, at the same place", () => {
    fc.assert(
      fc.property(headers, fc.array(fc.integer({ min: 1, max: 9 })), (lines, steps) => {
        const bytes = bytesOf(`${responseHeadText(200, "OK", lines)}body\r\n\r\n`);
        const end = findHeadEnd(bytes, 0);
        let seen = 0;
        for (const step of [...steps, ...Array.from({ length: bytes.length }, () => 1)]) {
          const length = Math.min(seen + step, bytes.length);
          const found = findHeadEnd(bytes.subarray(0, length), seen);
          assert.equal(found, length >= end ? end : -1);
          if (found !== -1) {
            return;
          }
          seen = length;
        }
      }),
    );
  });
});
