import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { RequestHead } from "../../src/http/index.ts";
import { isWebSocketUpgrade, judgeUpgrade, type UpgradeRequest } from "../../src/websocket/index.ts";

const key = "dGhlIHNhbXBsZSBub25jZQ==";
const plain = {
  Host: "chat.example:8080",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": key,
  "Sec-WebSocket-Version": "13",
};

interface Change {
  method?: string;
  target?: string;
  version?: string;
  /** Headers to replace (undefined: to leave out), and lines to add behind them. */
  set?: Record<string, string | undefined>;
  add?: string[];
}

function head({ method = "GET", target = "/socket", version = "1.1", set = {}, add = [] }: Change): RequestHead {
  const headers = Object.entries({ ...plain, ...set }).flatMap(([name, value]) =>
    value === undefined ? [] : [name, value],
  );
  return { method, target, version, headers: [...headers, ...add] };
}

function accepted(change: Change): UpgradeRequest {
  const judged = judgeUpgrade(head(change));
  assert.ok(judged.ok, judged.ok ? "" : judged.reason);
  return judged.upgrade;
}

describe("good handshakes", () => {
  const good: [string, Change][] = [
    ["of RFC 6455", {}],
    ["of Firefox, that also keeps alive", { set: { Connection: "keep-alive, Upgrade" } }],
    ["in lower case", { set: { Upgrade: "WEBSOCKET", Connection: "upgrade" } }],
    ["of a proxy that writes tabs", { set: { Connection: "\tkeep-alive\t,\tUpgrade\t" } }],
    ["with Connection over several lines", { set: { Connection: "keep-alive" }, add: ["connection", "UPGRADE"] }],
    ["with Upgrade over several lines", { set: { Upgrade: "foo/2" }, add: ["upgrade", "WebSocket"] }],
    ["with other protocols to upgrade to", { set: { Upgrade: "h2c, websocket" } }],
    ["with empty list elements", { set: { Connection: ",, Upgrade,," } }],
    ["with an empty body", { set: { "Content-Length": "0" } }],
    ["with an absolute-form target", { target: "http://chat.example/socket?x=1" }],
    ["with a wss URL as target", { target: "wss://chat.example:443" }],
    ["with an IPv6 host", { set: { Host: "[2001:db8::1]:80" } }],
    ["with a query", { target: "/socket?token=a%20b&c" }],
    ["with two leading slashes", { target: "//socket" }],
    [
      "with blanks around key and version",
      { set: { "Sec-WebSocket-Key": ` ${key}\t`, "Sec-WebSocket-Version": " 13 " } },
    ],
    ["with a quoted extension parameter", { set: { "Sec-WebSocket-Extensions": 'a; b="c"; d, e' } }],
    ["with an empty extension header", { set: { "Sec-WebSocket-Extensions": "" } }],
  ];
  for (const [name, change] of good) {
    test(`${name} pass`, () => {
      assert.equal(accepted(change).key, key);
    });
  }

  test("give subprotocols and extensions in the client's order, over all lines", () => {
    const { protocols, extensions } = accepted({
      set: { "Sec-WebSocket-Protocol": "graphql-ws, chat", "Sec-WebSocket-Extensions": "x, permessage-deflate; a=1" },
      add: ["sec-websocket-protocol", "Chat", "SEC-WEBSOCKET-EXTENSIONS", "y"],
    });
    assert.deepEqual(protocols, ["graphql-ws", "chat", "Chat"]);
    assert.deepEqual(
      extensions.map(({ name }) => name),
      ["x", "permessage-deflate", "y"],
    );
  });
});

describe("bad handshakes", () => {
  const bad: [string, Change, number, RegExp][] = [
    ["POST", { method: "POST" }, 405, /GET/],
    ["get in lower case", { method: "get" }, 405, /GET/],
    ["HTTP/1.0", { version: "1.0" }, 400, /HTTP\/1\.1/],
    ["HTTP/2.0", { version: "2.0" }, 400, /HTTP\/1\.1/],
    ["HTTP/0.9", { version: "0.9" }, 400, /HTTP\/1\.1/],
    ["no Host", { set: { Host: undefined } }, 400, /Host header is missing/],
    ["an empty Host", { set: { Host: "" } }, 400, /Host/],
    ["two Hosts", { add: ["host", "chat.example:8080"] }, 400, /2 Host headers/],
    ["a Host with a path", { set: { Host: "a/b" } }, 400, /Host/],
    ["a Host with a user", { set: { Host: "u:p@a" } }, 400, /Host/],
    ["a Host with a comma", { set: { Host: "a,b" } }, 400, /Host/],
    ["a Host with a blank", { set: { Host: "a b" } }, 400, /Host/],
    ["a Host with an impossible port", { set: { Host: "a:65536" } }, 400, /Host/],
    ["no Upgrade", { set: { Upgrade: undefined } }, 400, /Upgrade header/],
    ["Upgrade: h2c", { set: { Upgrade: "h2c" } }, 400, /Upgrade header/],
    ["Upgrade: websockets", { set: { Upgrade: "websockets" } }, 400, /Upgrade header/],
    ["Upgrade: websocket/13", { set: { Upgrade: "websocket/13" } }, 400, /Upgrade header/],
    ["no Connection", { set: { Connection: undefined } }, 400, /Connection/],
    ["Connection: close", { set: { Connection: "close" } }, 400, /Connection/],
    ["Connection: Upgraded", { set: { Connection: "Upgraded" } }, 400, /Connection/],
    ["no version", { set: { "Sec-WebSocket-Version": undefined } }, 426, /13/],
    ["version 8", { set: { "Sec-WebSocket-Version": "8" } }, 426, /13/],
    ["versions 13 and 8 in one line", { set: { "Sec-WebSocket-Version": "13, 8" } }, 426, /once/],
    ["version 13 twice", { add: ["Sec-WebSocket-Version", "13"] }, 426, /once/],
    ["version 013", { set: { "Sec-WebSocket-Version": "013" } }, 426, /13/],
    ["no key", { set: { "Sec-WebSocket-Key": undefined } }, 400, /not 0 times/],
    ["two keys", { add: ["sec-websocket-key", key] }, 400, /not 2 times/],
    ["an empty key", { set: { "Sec-WebSocket-Key": "" } }, 400, /16 bytes/],
    ["a key of 15 bytes", { set: { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25j" } }, 400, /16 bytes/],
    ["a key of 17 bytes", { set: { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZXg=" } }, 400, /16 bytes/],
    ["a key in base64url", { set: { "Sec-WebSocket-Key": "dGhlIHNhbXBsZS-ub25jZQ==" } }, 400, /16 bytes/],
    ["two keys in one line", { set: { "Sec-WebSocket-Key": `${key}, ${key}` } }, 400, /16 bytes/],
    ["a body", { set: { "Content-Length": "5" } }, 400, /body/],
    ["a body of rubbish length", { set: { "Content-Length": "0, 0" } }, 400, /body/],
    ["two lengths", { add: ["Content-Length", "0", "content-length", "0"] }, 400, /body/],
    ["a chunked body", { add: ["transfer-encoding", "chunked"] }, 400, /body/],
    ["an empty Transfer-Encoding", { add: ["transfer-encoding", ""] }, 400, /body/],
    ["an asterisk as target", { target: "*" }, 400, /target/],
    ["an authority as target", { target: "chat.example:80" }, 400, /target/],
    ["an empty target", { target: "" }, 400, /target/],
    ["another scheme", { target: "ftp://a/" }, 400, /target/],
    ["a port that is none", { target: "http://a:99999999/ws" }, 400, /port/],
    ["a URL without host", { target: "http:///ws" }, 400, /host/],
    ["a URL with a user", { target: "http://u@a/ws" }, 400, /host/],
    ["a fragment", { target: "/ws#x" }, 400, /fragment/],
    ["an empty subprotocol", { set: { "Sec-WebSocket-Protocol": "" } }, 400, /empty/],
    ["nothing but commas as subprotocol", { set: { "Sec-WebSocket-Protocol": " , " } }, 400, /empty/],
    ["a subprotocol with a blank", { set: { "Sec-WebSocket-Protocol": "a b" } }, 400, /tokens/],
    ["a quoted subprotocol", { set: { "Sec-WebSocket-Protocol": '"a"' } }, 400, /tokens/],
    ["a subprotocol twice", { set: { "Sec-WebSocket-Protocol": "a, b, a" } }, 400, /twice/],
    [
      "a subprotocol in two lines",
      { add: ["Sec-WebSocket-Protocol", "a", "Sec-WebSocket-Protocol", "a"] },
      400,
      /twice/,
    ],
    ["extensions that cannot be read", { set: { "Sec-WebSocket-Extensions": "a; =b" } }, 400, /Extensions/],
  ];
  for (const [name, change, status, reason] of bad) {
    test(`${name}: ${status}`, () => {
      const judged = judgeUpgrade(head(change));
      assert.ok(!judged.ok);
      assert.equal(judged.status, status);
      assert.match(judged.reason, reason);
    });
  }

  test("carry the headers that their status requires", () => {
    const refused = (change: Change): readonly string[] => {
      const judged = judgeUpgrade(head(change));
      return judged.ok ? assert.fail("passed") : judged.headers;
    };
    assert.deepEqual(refused({ method: "PUT" }), ["Allow", "GET"]);
    assert.deepEqual(refused({ set: { "Sec-WebSocket-Version": "7" } }), [
      "Sec-WebSocket-Version",
      "13",
      "Connection",
      "Upgrade",
      "Upgrade",
      "websocket",
    ]);
    assert.deepEqual(refused({ set: { Host: "" } }), []);
    assert.deepEqual(refused({ set: { "Sec-WebSocket-Extensions": "=" } }), []);
  });

  test("are answered in the order of the checks", () => {
    const everything: Change = { method: "POST", version: "1.0", target: "*", set: { "Sec-WebSocket-Version": "7" } };
    const statuses = [
      everything,
      { ...everything, method: "GET" },
      { set: { "Sec-WebSocket-Version": "7" }, target: "*" },
    ];
    assert.deepEqual(
      statuses.map((change) => {
        const judged = judgeUpgrade(head(change));
        return judged.ok ? 101 : judged.status;
      }),
      [405, 400, 426],
    );
  });
});

test("only an Upgrade that lists websocket is one for WebSocket", () => {
  assert.ok(isWebSocketUpgrade(["upgrade", "h2c,\tWebSocket"]));
  assert.ok(isWebSocketUpgrade(["Upgrade", "h2c", "UPGRADE", "websocket"]));
  for (const headers of [
    [],
    ["Upgrade", "h2c"],
    ["Upgrade", ""],
    ["Connection", "websocket"],
    ["Upgrade", "websocket2"],
  ]) {
    assert.ok(!isWebSocketUpgrade(headers), headers.join());
  }
});

test("law: no head makes the judge throw, and every refusal has a reason of one line", () => {
  const name = fc.constantFrom(
    ...Object.keys(plain),
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Extensions",
    "Content-Length",
  );
  const line = fc.tuple(name, fc.string({ unit: "binary" }));
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.array(line), fc.boolean(), (method, target, lines, valid) => {
      const judged = judgeUpgrade(head({ target, add: lines.flat(), ...(valid ? {} : { method }) }));
      assert.ok(judged.ok || /^[ -~]+$/.test(judged.reason));
    }),
  );
});
