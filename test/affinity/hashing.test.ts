import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { AffinityInput } from "../../src/affinity/index.ts";
import type { RequestFacts } from "../../src/http/index.ts";
import { anySituation, backendNames, viewOf } from "../base/views.ts";
import { affinityOf, request } from "./requests.ts";

const NAMES = backendNames(6);
const VIEW = viewOf(NAMES);

function preferred(input: AffinityInput, facts: RequestFacts): number {
  return affinityOf(input, NAMES).prefer(VIEW, facts, []);
}

const from = (clientAddress: string) => preferred("client-ip", request({ clientAddress }));
const ADDRESSES = Array.from({ length: 600 }, (_, index) => `198.51.${index >> 8}.${index & 255}`);

test("without affinity nobody has a preference and nothing is set", () => {
  const none = affinityOf("none", NAMES);
  assert.equal(none.prefer(VIEW, request(), []), -1);
  assert.equal(none.cookieFor(0, request()), undefined);
});

test("the same address always gets the same backend, and addresses spread over all", () => {
  const counts = NAMES.map((_, index) => ADDRESSES.filter((address) => from(address) === index).length);
  for (const count of counts) assert.ok(count > 60 && count < 140, counts.join());
  assert.equal(from("198.51.100.7"), from("198.51.100.7"));
});

test("an IPv4 address is the same in IPv6 clothes", () => {
  for (const address of ADDRESSES.slice(0, 50)) assert.equal(from(`::ffff:${address}`), from(address));
});

test("hosts of one IPv6 network of 64 bits stay together, other networks spread", () => {
  for (const host of ["1", "ffff:ffff:ffff:ffff", "a:b:c:d"]) {
    assert.equal(from(`2001:db8:1:2:${host.includes(":") ? host : `0:0:0:${host}`}`), from("2001:db8:1:2::"));
  }
  assert.equal(from("2001:0DB8:0001:0002:0:0:0:9"), from("2001:db8:1:2::9"), "spelling does not matter");
  const networks = Array.from({ length: 100 }, (_, index) => from(`2001:db8:${index}::1`));
  assert.equal(new Set(networks).size, NAMES.length);
});

test("prefixes say which part of the address counts, also within a byte", () => {
  const input: AffinityInput = { method: "client-ip", ipv4Prefix: 20, ipv6Prefix: 48 };
  const near = (clientAddress: string) => preferred(input, request({ clientAddress }));
  assert.equal(near("10.1.16.1"), near("10.1.31.254"));
  assert.equal(near("2001:db8:1:ffff::1"), near("2001:db8:1::2"));
  const blocks = Array.from({ length: 16 }, (_, index) => near(`10.1.${index * 16}.1`));
  assert.ok(new Set(blocks).size > 2, "neighbouring blocks differ");
});

test("what is no address has no preference", () => {
  for (const address of ["", "unknown", "10.1", "0x7f.1", "1.2.3.4:80", "[::1]"])
    assert.equal(from(address), -1, address);
});

test("paths that agree in the chosen number of segments meet on one backend", () => {
  const input: AffinityInput = { method: "hash", by: { path: { segments: 2 } } };
  const at = (path: string) => preferred(input, request({ path }));
  for (let i = 0; i < 50; i += 1) {
    assert.equal(at(`/room/${i}/socket`), at(`/room/${i}/history/7`));
  }
  assert.equal(new Set(Array.from({ length: 100 }, (_, i) => at(`/room/${i}/socket`))).size, NAMES.length);
});

test("a request without the key has no preference", () => {
  const input: AffinityInput = { method: "hash", by: { query: "room" } };
  assert.equal(preferred(input, request({ query: "other=1" })), -1);
  assert.notEqual(preferred(input, request({ query: "room=1" })), -1);
});

for (const input of ["client-ip", "hash"] as const) {
  describe(input, () => {
    test("prefers a candidate exactly when there is one", () => {
      fc.assert(
        fc.property(anySituation, ({ view, tried, candidates }) => {
          const index = affinityOf(input, view.names).prefer(view, request(), tried);
          if (candidates.length === 0) assert.equal(index, -1);
          else assert.ok(candidates.includes(index));
        }),
      );
    });

    test("a backend that goes moves only its own clients; instances agree on where to", () => {
      const view = viewOf(NAMES);
      const reversed = viewOf(NAMES.toReversed());
      const here = affinityOf(input, NAMES);
      const there = affinityOf(input, reversed.names, "another secret");
      view.setEligible(2, false);
      reversed.setEligible(NAMES.length - 1 - 2, false);
      for (const address of ADDRESSES) {
        const facts = request({ clientAddress: address, path: `/room/${address}` });
        const before = preferred(input, facts);
        const after = here.prefer(view, facts, []);
        if (before === 2) assert.notEqual(after, 2);
        else assert.equal(after, before);
        assert.equal(reversed.names[there.prefer(reversed, facts, [])], NAMES[after]);
      }
    });
  });
}
