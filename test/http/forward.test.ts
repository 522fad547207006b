import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type ForwardFacts,
  forwardedRequestHeaders,
  forwardedResponseHeaders,
  headerValue,
  headerValues,
} from "../../src/http/index.ts";

/** Header lines as they are written, made raw. */
function lines(...written: string[]): string[] {
  return written.flatMap((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]);
}

const facts: ForwardFacts = {
  remoteAddress: "203.0.113.9",
  trusted: false,
  scheme: "https",
  host: "chat.example:8443",
  localPort: 8443,
  upgrade: false,
};

describe("a request's headers on their way to the backend", () => {
  test("an upgrade keeps all that is meant for the far end, in order, case and number", () => {
    const kept = lines(
      "Host: chat.example:8443",
      "sec-websocket-KEY: dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Version: 13",
      "Cookie: a=1",
      "Sec-WebSocket-Protocol: b, a",
      "COOKIE: b=2",
      "Sec-WebSocket-Protocol: c",
      "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits",
      "Authorization: Bearer x",
      "Origin: https://chat.example",
      "X_Forwarded_For: left alone",
      "X-Custom: ",
      "X-Custom: twice",
    );
    const sent = ["connection", "keep-alive, Upgrade", ...kept, "UPGRADE", "WebSocket", "Keep-Alive", "timeout=5"];
    assert.deepEqual(forwardedRequestHeaders(sent, { ...facts, upgrade: true }), [
      ...kept,
      ...lines(
        "Connection: Upgrade",
        "Upgrade: websocket",
        "X-Forwarded-For: 203.0.113.9",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: chat.example:8443",
        "X-Forwarded-Port: 8443",
        "Via: 1.1 fairlead",
      ),
    ]);
  });

  test("a plain request loses every hop-by-hop header, and gets no upgrade", () => {
    const dropped = lines(
      "Connection: X-Hop, close",
      "X-Hop: 1",
      "Keep-Alive: a",
      "Proxy-Connection: a",
      "TE: trailers",
      "Trailer: X",
      "Transfer-Encoding: chunked",
      "Upgrade: h2c",
      "HTTP2-Settings: a",
      "Proxy-Authorization: Basic x",
      "Expect: 100-continue",
    );
    const out = forwardedRequestHeaders([...dropped, "Content-Length", "5", "Accept", "*/*"], {
      ...facts,
      host: undefined,
    });
    assert.deepEqual(out.slice(0, 4), ["Content-Length", "5", "Accept", "*/*"]);
    for (let at = 0; at < dropped.length; at += 2) {
      assert.equal(headerValue(out, dropped[at] ?? ""), undefined, dropped[at]);
    }
  });

  test("a client cannot have headers of the far end removed by naming them in Connection", () => {
    const names = ["Host", "Cookie", "Authorization", "Content-Length", "Sec-WebSocket-Key", "X-Forwarded-User", "Via"];
    const sent = [...names.flatMap((name) => [name, "1"]), "Connection", names.join(", ")];
    const out = forwardedRequestHeaders(sent, { ...facts, host: undefined });
    for (const name of names) {
      assert.equal(headerValue(out, name), "1", name);
    }
  });

  test("what an untrusted peer claims of the way is replaced", () => {
    const claims = ["X-Forwarded-For", "6.6.6.6", "x-forwarded-proto", "http", "X-Forwarded-Host", "evil"];
    const more = ["X-Forwarded-Port", "1", "Forwarded", "for=6.6.6.6"];
    assert.deepEqual(
      forwardedRequestHeaders([...claims, "Host", "chat.example:8443", ...more], facts),
      lines(
        "Host: chat.example:8443",
        "X-Forwarded-For: 203.0.113.9",
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: chat.example:8443",
        "X-Forwarded-Port: 8443",
        "Via: 1.1 fairlead",
      ),
    );
  });

  test("what a trusted peer says is passed on, its address appended in one line", () => {
    const kept = ["X-Forwarded-Proto", "http", "X-Forwarded-Host", "front", "X-Forwarded-Port", "80"];
    const sent = ["X-Forwarded-For", "198.51.100.7", ...kept, "Forwarded", "for=a", "X-Forwarded-For", "10.0.0.2"];
    const trusted = { ...facts, host: undefined, trusted: true, remoteAddress: "::ffff:10.0.0.1" };
    assert.deepEqual(forwardedRequestHeaders([...sent, "Via", "1.1 front"], trusted), [
      ...kept,
      ...lines(
        "Forwarded: for=a",
        "Via: 1.1 front",
        "X-Forwarded-For: 198.51.100.7, 10.0.0.2, 10.0.0.1",
        "Via: 1.1 fairlead",
      ),
    ]);
  });

  test("what a trusted peer leaves out is added", () => {
    const out = forwardedRequestHeaders([], { ...facts, trusted: true, host: undefined });
    assert.deepEqual(
      out,
      lines("X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https", "X-Forwarded-Port: 8443", "Via: 1.1 fairlead"),
    );
  });

  test("the authority of an absolute-form target replaces the Host header in its place", () => {
    const out = forwardedRequestHeaders(["A", "1", "host", "other", "B", "2"], { ...facts, host: "real:1" });
    assert.deepEqual(out.slice(0, 6), ["A", "1", "host", "real:1", "B", "2"]);
    assert.deepEqual(forwardedRequestHeaders(["A", "1"], facts).slice(0, 4), lines("Host: chat.example:8443", "A: 1"));
  });

  test("law: an untrusted peer has no way to set what the backend reads about the way", () => {
    const name = fc.constantFrom("X-Forwarded-For", "x-forwarded-proto", "Connection", "Forwarded", "X-Forwarded-Host");
    const value = fc.constantFrom("6.6.6.6", "X-Forwarded-For", "x-forwarded-proto, forwarded", "close");
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (forged) => {
        const out = forwardedRequestHeaders(forged.flat(), facts);
        assert.deepEqual(headerValues(out, "x-forwarded-for"), ["203.0.113.9"]);
        assert.deepEqual(headerValues(out, "x-forwarded-proto"), ["https"]);
        assert.deepEqual(headerValues(out, "x-forwarded-host"), ["chat.example:8443"]);
        assert.deepEqual(headerValues(out, "forwarded"), []);
      }),
    );
  });
});

describe("an answer's headers on their way to the client", () => {
  const kept = ["Set-Cookie", "a=1", "content-type", "text/html", "SET-COOKIE", "b=2", "Content-Length", "3"];

  test("lose what belongs to one hop, the rest staying in order, case and number", () => {
    const hop = ["Connection", "X-Hop, Set-Cookie", "X-Hop", "1", "Keep-Alive", "a", "Proxy-Authenticate", "Basic"];
    const more = [
      "Upgrade",
      "websocket",
      "Transfer-Encoding",
      "chunked",
      "Trailer",
      "X",
      "Proxy-Authentication-Info",
      "a",
    ];
    assert.deepEqual(forwardedResponseHeaders([...hop, ...kept, ...more]), kept);
  });

  test("keep their framing when the body is passed on raw", () => {
    const sent = ["Transfer-Encoding", "chunked", "Connection", "close, transfer-encoding", "Trailer", "X", "A", "1"];
    const out = ["Transfer-Encoding", "chunked", "Trailer", "X", "A", "1"];
    assert.deepEqual(forwardedResponseHeaders(sent, { rawBody: true }), out);
  });
});
