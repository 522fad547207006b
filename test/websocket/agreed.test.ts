/** What a handshake has settled, and answers and offers that make messages independent of one another. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  agreedText,
  agreedWords,
  resetsServerContext,
  withoutClientTakeover,
  withoutServerTakeover,
} from "../../src/websocket/index.ts";

const EXTENSIONS = "Sec-WebSocket-Extensions";

test("two answers are alike when subprotocol, extensions and parameters are, in whatever order and case of names", () => {
  const one = agreedText([EXTENSIONS, "permessage-deflate; server_max_window_bits=10; server_no_context_takeover"]);
  const alike = agreedText([
    EXTENSIONS.toLowerCase(),
    'permessage-deflate;server_no_context_takeover; server_max_window_bits="10"; client_no_context_takeover',
  ]);
  assert.equal(one, alike);
});

test("what was settled can be said in words", () => {
  const deflate = ["Sec-WebSocket-Protocol", "chat", EXTENSIONS, "permessage-deflate; server_max_window_bits=9"];
  assert.equal(
    agreedWords(agreedText(deflate)),
    "subprotocol chat, extension permessage-deflate; server_max_window_bits=9",
  );
  assert.equal(agreedWords(agreedText([])), "no subprotocol, no extension");
});

test("the largest window is what holds unless something is said", () => {
  const unsaid = agreedText([EXTENSIONS, "permessage-deflate"]);
  const largest = "permessage-deflate; client_max_window_bits=15; server_max_window_bits=15";
  assert.equal(agreedText([EXTENSIONS, largest]), unsaid);
  assert.notEqual(agreedText([EXTENSIONS, "permessage-deflate; server_max_window_bits=14"]), unsaid);
});

for (const [what, headers] of Object.entries({
  "another subprotocol": ["Sec-WebSocket-Protocol", "other"],
  "no subprotocol": [],
  "an extension": ["Sec-WebSocket-Protocol", "chat", EXTENSIONS, "permessage-deflate"],
  "another window": ["Sec-WebSocket-Protocol", "chat", EXTENSIONS, "permessage-deflate; server_max_window_bits=9"],
})) {
  test(`an answer with ${what} is another one`, () => {
    const chat = ["Sec-WebSocket-Protocol", "chat", EXTENSIONS, "permessage-deflate; server_max_window_bits=10"];
    assert.notEqual(agreedText(headers), agreedText(chat));
  });
}

test("an answer gets client_no_context_takeover once, where permessage-deflate was accepted, and nothing else changes", () => {
  const headers = ["X", EXTENSIONS, EXTENSIONS, "permessage-deflate; client_max_window_bits=10", "Y", "z"];
  const changed = [
    "X",
    EXTENSIONS,
    EXTENSIONS,
    "permessage-deflate; client_max_window_bits=10; client_no_context_takeover",
    "Y",
    "z",
  ];
  assert.deepEqual(withoutClientTakeover(headers), changed);
  assert.deepEqual(withoutClientTakeover(changed), changed);
  assert.deepEqual(withoutClientTakeover([EXTENSIONS, "other; a=b"]), [EXTENSIONS, "other; a=b"]);
  assert.deepEqual(withoutClientTakeover(["A", "b"]), ["A", "b"]);
});

test("every offer of permessage-deflate asks for server_no_context_takeover", () => {
  const offers = "permessage-deflate; client_max_window_bits, other, permessage-deflate";
  assert.deepEqual(withoutServerTakeover([EXTENSIONS, offers]), [
    EXTENSIONS,
    "permessage-deflate; client_max_window_bits; server_no_context_takeover, other, permessage-deflate; server_no_context_takeover",
  ]);
});

test("a backend's messages stand on their own without compression, or when it says so", () => {
  assert.ok(resetsServerContext([]));
  assert.ok(!resetsServerContext([EXTENSIONS, "permessage-deflate"]));
  assert.ok(resetsServerContext([EXTENSIONS, "permessage-deflate; server_no_context_takeover"]));
});
