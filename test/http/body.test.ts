import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type BodyScanner, createBodyScanner } from "../../src/http/index.ts";

const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1");

function scanner(headers: string[], status = 200, method = "GET", version = "1.1"): BodyScanner {
  return createBodyScanner(method, { version, status, reason: "", headers });
}

const chunked = (): BodyScanner => scanner(["Transfer-Encoding", "chunked"]);

/** Pushes all of the text and tells how much of it was the body. */
function taken(body: BodyScanner, text: string): number {
  return body.push(bytesOf(text), 0, text.length);
}

describe("how a body ends", () => {
  test("is told by the method, the status and the head", () => {
    const length = ["Content-Length", "5"];
    const table: [BodyScanner, BodyScanner["framing"], boolean][] = [
      [scanner(length), "length", false],
      [scanner(["content-length", "0"]), "length", true],
      [scanner(["TRANSFER-ENCODING", "gzip", "transfer-encoding", "Chunked"]), "chunked", false],
      [scanner(["Transfer-Encoding", "gzip"]), "close", false],
      [scanner([]), "close", false],
      [scanner(length, 200, "HEAD"), "none", true],
      [scanner(length, 304), "none", true],
      [scanner([], 204), "none", true],
      [scanner([], 101), "none", true],
      [scanner([], 401, "GET", "1.0"), "close", false],
    ];
    for (const [body, framing, done] of table) {
      assert.equal(body.framing, framing);
      assert.equal(body.done, done);
    }
  });

  const bad: [string, string[], string?][] = [
    ["two different lengths", ["Content-Length", "5", "Content-Length", "6"]],
    ["two equal lengths", ["Content-Length", "5", "Content-Length", "5"]],
    ["a list of lengths", ["Content-Length", "5, 5"]],
    ["a negative length", ["Content-Length", "-1"]],
    ["a signed length", ["Content-Length", "+1"]],
    ["a hexadecimal length", ["Content-Length", "0x10"]],
    ["an empty length", ["Content-Length", ""]],
    ["a length beyond all reason", ["Content-Length", "9".repeat(16)]],
    ["a length and chunks", ["Content-Length", "5", "Transfer-Encoding", "chunked"]],
    ["chunked before another coding", ["Transfer-Encoding", "chunked, gzip"]],
    ["chunked twice", ["Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"]],
    ["chunks in HTTP/1.0", ["Transfer-Encoding", "chunked"], "1.0"],
  ];
  for (const [name, headers, version] of bad) {
    test(`${name}: refused`, () => {
      assert.throws(() => scanner(headers, 200, "GET", version), { code: "BACKEND_BAD_HEAD" });
    });
  }
});

describe("bodies with a length, or none", () => {
  test("take what is theirs and leave the rest", () => {
    const body = scanner(["Content-Length", "5"]);
    assert.equal(taken(body, "abc"), 3);
    assert.equal(body.done, false);
    assert.equal(body.push(bytesOf("xxdefg"), 2, 6), 2);
    assert.equal(body.done, true);
    assert.equal(taken(body, "more"), 0);
    assert.equal(taken(scanner([], 204), "abc"), 0);
  });

  test("go on until the connection ends where nothing tells", () => {
    const body = scanner([]);
    assert.equal(taken(body, "abc"), 3);
    assert.equal(taken(body, ""), 0);
    assert.equal(body.done, false);
  });
});

describe("chunked bodies", () => {
  const good: [string, string][] = [
    ["no chunk", "0\r\n\r\n"],
    ["chunks", "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"],
    ["sizes in either case, with zeros", "00a\r\n0123456789\r\nA\r\n0123456789\r\n000\r\n\r\n"],
    ["extensions", '1;a=b;c="d;\t e"\r\nx\r\n2 ; y\r\nxy\r\n0;z\r\n\r\n'],
    ["trailers", "1\r\nx\r\n0\r\nA: b\r\nC: d\r\n\r\n"],
    ["CRLF in the data", "6\r\n0\r\n\r\n0\r\n0\r\n\r\n"],
  ];
  for (const [name, text] of good) {
    test(`with ${name} end where they end`, () => {
      const body = chunked();
      assert.equal(taken(body, `${text}HTTP/1.1 200 OK`), text.length);
      assert.ok(body.done);
      assert.equal(taken(body, "more"), 0);
    });
  }

  const bad = [
    "\r\n",
    "x\r\n",
    "-1\r\n",
    "0x1\r\nx\r\n",
    "1\nx\r\n",
    "1\r\nxy\r\n",
    "1\r\nx\n",
    "1;a\nb",
    "1;a\u0000",
    "1\rx",
    "1x\r\n",
    ";a\r\n",
    "0\r\nA: b\nC",
    "0\r\n\rx",
    "0\r\nA\rx",
    "1000000000000\r\n",
    `1;${"a".repeat(5000)}`,
    `0\r\n${"A: b\r\n".repeat(5000)}`,
  ];
  for (const text of bad) {
    test(`${JSON.stringify(text.slice(0, 20))} is refused`, () => {
      assert.throws(() => taken(chunked(), text), { code: "BACKEND_BAD_HEAD" });
    });
  }

  test("law: any split of the bytes gives the same end", () => {
    const chunk = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.stringMatching(/^[a-z="; ]{0,9}$/));
    const trailer = fc.stringMatching(/^[A-Z]{1,5}: [a-z]{0,9}$/);
    fc.assert(
      fc.property(fc.array(chunk), fc.array(trailer), fc.array(fc.nat(9)), (chunks, trailers, steps) => {
        const data = chunks.map(([bytes, extension]) => {
          const size = `${bytes.length.toString(16)}${extension === "" ? "" : `;${extension}`}\r\n`;
          return Buffer.concat([bytesOf(size), bytes, bytesOf("\r\n")]);
        });
        const end = bytesOf(`0\r\n${trailers.map((line) => `${line}\r\n`).join("")}\r\n`);
        const whole = Buffer.concat([...data, end]);
        const wire = Buffer.concat([whole, bytesOf("HTTP/1.1 200 OK")]);
        const body = chunked();
        let at = 0;
        for (const step of [...steps, ...Array.from({ length: wire.length }, () => 7)]) {
          const next = Math.min(at + step, wire.length);
          const count = body.push(wire, at, next);
          assert.equal(body.done, next >= whole.length);
          if (body.done) {
            assert.equal(at + count, whole.length);
            return;
          }
          assert.equal(count, next - at);
          at = next;
        }
      }),
    );
  });
});
