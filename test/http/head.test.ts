import assert from "node:assert/strict";
import { test } from "node:test";
import {
  headerList,
  headerTokens,
  headerValue,
  headerValues,
  hostProblem,
  originForm,
  parseAuthority,
  requestAuthority,
  requestHost,
  type RequestHead,
  splitTarget,
  targetProblem,
} from "../../src/http/index.ts";

const head = (headers: string[], target = "/"): RequestHead => ({ method: "GET", target, version: "1.1", headers });

test("header values are found in any case, in order, with duplicates", () => {
  const headers = ["X-A", "1", "x-b", "2", "x-a", "3"];
  assert.equal(headerValue(headers, "x-A"), "1");
  assert.deepEqual(headerValues(headers, "X-a"), ["1", "3"]);
  assert.equal(headerValue(headers, "1"), undefined, "a value is not a name");
  assert.deepEqual(headerValues([], "x"), []);
});

test("a comma list goes over all lines, without blanks and empty elements", () => {
  const headers = ["Connection", "keep-alive,\tUpgrade ,", "CONNECTION", ", Close"];
  assert.deepEqual(headerTokens(headers, "connection"), ["keep-alive", "upgrade", "close"]);
  assert.deepEqual(headerList(headers, "connection"), ["keep-alive", "Upgrade", "Close"]);
});

test("a host is read without port, in lower case, with the brackets of IPv6", () => {
  const table: [string, string | undefined][] = [
    ["Example.COM", "example.com"],
    ["example.com:8080", "example.com"],
    ["example.com.", "example.com"],
    ["example.com:", "example.com"],
    [" a_b.local\t", "a_b.local"],
    ["127.0.0.1:80", "127.0.0.1"],
    ["[::1]", "[::1]"],
    ["[2001:DB8::1]:443", "[2001:db8::1]"],
    ["", undefined],
    [".", undefined],
    ["user@example.com", undefined],
    ["example.com/path", undefined],
    ["a, b", undefined],
    ["a b", undefined],
    ["::1", undefined],
    ["[::1", undefined],
    ["a:99999", undefined],
    ["a:-1", undefined],
    ["a:b", undefined],
  ];
  for (const [value, host] of table) {
    assert.equal(requestHost(head(["Host", value])), host, JSON.stringify(value));
    assert.equal(hostProblem(head(["Host", value])) === undefined, host !== undefined, JSON.stringify(value));
  }
  assert.deepEqual(parseAuthority("[::1]:8080"), { host: "[::1]", port: 8080 });
});

test("the authority of an absolute-form target wins over the Host header", () => {
  const request = head(["Host", "other"], "ws://Chat.example:81/x");
  assert.equal(requestHost(request), "chat.example");
  assert.equal(requestAuthority(request), "Chat.example:81");
  assert.equal(requestAuthority(head(["Host", "a:1"])), "a:1");
  assert.equal(requestHost(head([])), undefined);
});

test("a missing Host and several Hosts are told", () => {
  assert.match(hostProblem(head([])) ?? "", /missing/);
  assert.match(hostProblem(head(["Host", "a", "host", "a"])) ?? "", /2 Host headers/);
});

test("targets are split as sent, never decoded", () => {
  const table: [string, string, string, string][] = [
    ["/", "/", "", "/"],
    ["/a%2Fb?x=%20&y", "/a%2Fb", "x=%20&y", "/a%2Fb?x=%20&y"],
    ["/a?", "/a", "", "/a?"],
    ["/a?b?c", "/a", "b?c", "/a?b?c"],
    ["//host/x", "//host/x", "", "//host/x"],
    ["http://h:1/a?b", "/a", "b", "/a?b"],
    ["WS://h", "/", "", "/"],
    ["wss://h?q", "/", "q", "/?q"],
    ["http://a:99999999/ws", "/ws", "", "/ws"],
    ["*", "*", "", "*"],
    ["", "", "", ""],
  ];
  for (const [target, path, query, origin] of table) {
    assert.deepEqual(splitTarget(target), { path, query }, target);
    assert.equal(originForm(target), origin);
  }
});

test("only paths and http, https, ws and wss URLs with a valid authority are targets", () => {
  for (const target of ["/", "/a?b=c", "//x", "http://a/", "HTTPS://a:65535", "ws://[::1]:80/x", "wss://a?x", "/ü"]) {
    assert.equal(targetProblem(target), undefined, target);
  }
  const bad = ["", "*", "a:443", "a", "ftp://a/", "http:///x", "http://", "http://a:99999999/ws", "http://u@a/"];
  for (const target of [...bad, "http://a:b/", "/a b", "/a\tb", "/a\r\nb", "/a#b", "?x"]) {
    assert.notEqual(targetProblem(target), undefined, target);
  }
});
