import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  acceptValue,
  parseExtensions,
  type UpgradeRequest,
  type UpgradeVerification,
  verifyUpgrade,
} from "../../src/websocket/index.ts";

const key = "dGhlIHNhbXBsZSBub25jZQ==";
const accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

interface Offer {
  protocols?: string[];
  extensions?: string;
}

function verify(set: Record<string, string | undefined>, offer: Offer = {}, add: string[] = []): UpgradeVerification {
  const upgrade: UpgradeRequest = {
    key,
    protocols: offer.protocols ?? [],
    extensions: parseExtensions([offer.extensions ?? ""]) ?? [],
  };
  const { status = "101", ...headers } = {
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Accept": accept,
    ...set,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [name, value]));
  return verifyUpgrade(upgrade, { version: "1.1", status: Number(status), reason: "", headers: [...lines, ...add] });
}

const plain = { ok: true, protocol: undefined, deflate: false, foreignExtensions: false };

test("the accept value is that of RFC 6455 section 1.3", () => {
  assert.equal(acceptValue(key), accept);
});

describe("a backend's 101", () => {
  test("passes when it answers the handshake", () => {
    assert.deepEqual(verify({}), plain);
    assert.deepEqual(verify({ Upgrade: "WebSocket", Connection: "keep-alive, upgrade" }), plain);
    assert.deepEqual(verify({}, { protocols: ["a", "b"] }), plain);
    assert.deepEqual(verify({}, { extensions: "permessage-deflate" }), plain);
  });

  test("names the subprotocol it chose", () => {
    assert.deepEqual(verify({ "Sec-WebSocket-Protocol": "b" }, { protocols: ["a", "b"] }), { ...plain, protocol: "b" });
  });

  const bad: [string, Record<string, string | undefined>, Offer?, string[]?][] = [
    ["another status", { status: "200" }],
    ["no Upgrade", { Upgrade: undefined }],
    ["another Upgrade", { Upgrade: "h2c" }],
    ["two protocols in Upgrade", { Upgrade: "websocket, h2c" }],
    ["no Connection", { Connection: undefined }],
    ["Connection: close", { Connection: "close" }],
    ["no accept value", { "Sec-WebSocket-Accept": undefined }],
    ["a wrong accept value", { "Sec-WebSocket-Accept": acceptValue("x") }],
    ["an accept value in another case", { "Sec-WebSocket-Accept": accept.toLowerCase() }],
    ["the accept value twice", {}, {}, ["sec-websocket-accept", accept]],
    ["a subprotocol that nobody offered", { "Sec-WebSocket-Protocol": "a" }],
    ["a subprotocol that was not offered", { "Sec-WebSocket-Protocol": "c" }, { protocols: ["a", "b"] }],
    ["a subprotocol in another case", { "Sec-WebSocket-Protocol": "A" }, { protocols: ["a"] }],
    ["two subprotocols in one line", { "Sec-WebSocket-Protocol": "a, b" }, { protocols: ["a", "b"] }],
    ["two subprotocols", { "Sec-WebSocket-Protocol": "a" }, { protocols: ["a"] }, ["Sec-WebSocket-Protocol", "a"]],
    ["an empty subprotocol", { "Sec-WebSocket-Protocol": "" }, { protocols: ["a"] }],
    ["an extension that was not offered", { "Sec-WebSocket-Extensions": "permessage-deflate" }],
    ["extensions that cannot be read", { "Sec-WebSocket-Extensions": "a b" }, { extensions: "a" }],
  ];
  for (const [name, set, offer, add] of bad) {
    test(`with ${name} is refused`, () => {
      const verified = verify(set, offer, add);
      assert.ok(!verified.ok);
      assert.match(verified.reason, /^the answer/);
    });
  }
});

describe("extensions in a backend's 101", () => {
  const answer = (extensions: string, offered: string): UpgradeVerification =>
    verify({ "Sec-WebSocket-Extensions": extensions }, { extensions: offered });
  const offered = "permessage-deflate; client_max_window_bits, x-foreign; a=1, x-other";

  const good: [string, boolean, boolean][] = [
    ["permessage-deflate", true, false],
    ["permessage-deflate; server_no_context_takeover; client_no_context_takeover", true, false],
    ['permessage-deflate; server_max_window_bits=8; client_max_window_bits="15"', true, false],
    ["x-foreign; anything=2", false, true],
    ["permessage-deflate, x-foreign", true, true],
    ["", false, false],
  ];
  for (const [extensions, deflate, foreignExtensions] of good) {
    test(`${JSON.stringify(extensions)} pass`, () => {
      assert.deepEqual(answer(extensions, offered), { ok: true, protocol: undefined, deflate, foreignExtensions });
    });
  }

  const bad = [
    "permessage-deflate, permessage-deflate",
    "permessage-deflate; unknown",
    "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    "permessage-deflate; server_no_context_takeover=1",
    "permessage-deflate; client_no_context_takeover=true",
    "permessage-deflate; server_max_window_bits",
    "permessage-deflate; client_max_window_bits",
    "permessage-deflate; server_max_window_bits=7",
    "permessage-deflate; server_max_window_bits=16",
    "permessage-deflate; server_max_window_bits=08",
    "permessage-deflate; client_max_window_bits=+9",
    "permessage-deflate; client_max_window_bits=10; client_max_window_bits=10",
    "Permessage-Deflate",
  ];
  for (const extensions of bad) {
    test(`${JSON.stringify(extensions)} are refused`, () => {
      assert.ok(!answer(extensions, offered).ok);
    });
  }

  test("may limit the client's window only when it offered that", () => {
    const extensions = "permessage-deflate; client_max_window_bits=10";
    assert.ok(!answer(extensions, "permessage-deflate").ok);
    assert.ok(answer(extensions, "permessage-deflate, permessage-deflate; client_max_window_bits=12").ok);
  });
});

describe("the list of extensions", () => {
  test("is read with parameters, quoted values unquoted", () => {
    assert.deepEqual(parseExtensions(['a;b ; c=1;\td = "x\\y" ,, e', "f"]), [
      {
        name: "a",
        parameters: [
          { name: "b", value: undefined },
          { name: "c", value: "1" },
          { name: "d", value: "xy" },
        ],
      },
      { name: "e", parameters: [] },
      { name: "f", parameters: [] },
    ]);
    assert.deepEqual(parseExtensions([]), []);
  });

  test("is nothing when it breaks the grammar", () => {
    const bad = ["a b", "a;", "a; b=", "a; =c", ";a", "a; b c", 'a; b="c', 'a; b="c d"', 'a; b=""', 'a; b="c"d', "a=b"];
    for (const text of [...bad, '"a"', "a; b=c=d", "a(b)", "a; b=\u0000", "ä", 'a; b="c\\']) {
      assert.equal(parseExtensions([text]), undefined, text);
    }
  });

  test("law: what is written is read back, however it is spread over lines", () => {
    const token = fc.stringMatching(/^[a-zA-Z0-9._-]{1,8}$/);
    const parameter = fc.record(
      { name: token, value: fc.option(token, { nil: undefined }) },
      { noNullPrototype: true },
    );
    const extension = fc.record(
      { name: token, parameters: fc.array(parameter, { maxLength: 4 }) },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(fc.array(extension)), fc.boolean(), (lines, quoted) => {
        const written = lines.map((list) =>
          list
            .map(({ name, parameters }) =>
              [name, ...parameters.map((one) => one.name + write(one.value, quoted))].join(quoted ? ";" : " ; "),
            )
            .join(quoted ? "," : " , "),
        );
        assert.deepEqual(parseExtensions(written), lines.flat());
      }),
    );
  });
});

function write(value: string | undefined, quoted: boolean): string {
  if (value === undefined) {
    return "";
  }
  return quoted ? `="\\${value}"` : `=${value}`;
}
