import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { clientAddress, plainAddress, trustedProxies } from "../../src/http/index.ts";

describe("trusted proxies", () => {
  test("are networks and single addresses of both families", () => {
    const isTrusted = trustedProxies(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::ffff:172.16.0.0/108"]);
    for (const address of ["10.1.2.3", "192.0.2.7", "2001:db8:1::1", "::ffff:10.0.0.1", "172.16.0.1"]) {
      assert.ok(isTrusted(address), address);
    }
    for (const address of ["11.0.0.1", "192.0.2.8", "2001:db9::1", "::1", "172.32.0.1", "10.1", "", "rubbish"]) {
      assert.ok(!isTrusted(address), address);
    }
  });

  test("are nobody by default", () => {
    assert.ok(!trustedProxies([])("127.0.0.1"));
  });

  test("a network that cannot be read is refused with what would be right", () => {
    for (const text of [
      "10.0.0.0/33",
      "10.0.0.0/-1",
      "10.0.0.0/",
      "10.0/8",
      "0x7f.0.0.1",
      "a",
      "::/129",
      "1.2.3.4/8/8",
    ]) {
      assert.throws(() => trustedProxies([text]), { code: "CONFIG_INVALID", message: /10\.0\.0\.0\/8/ }, text);
    }
  });

  test("every address is inside the network of no bits", () => {
    assert.ok(trustedProxies(["0.0.0.0/0"])("203.0.113.1"));
    assert.ok(trustedProxies(["::/0"])("2001:db8::1"));
    assert.ok(!trustedProxies(["::/0"])("203.0.113.1"));
  });
});

describe("the client's address", () => {
  const isTrusted = trustedProxies(["10.0.0.0/8", "::1"]);
  const of = (remote: string, ...values: string[]): string =>
    clientAddress(
      remote,
      values.flatMap((value) => ["X-Forwarded-For", value]),
      isTrusted,
    );

  test("is the connection's when its peer is not trusted", () => {
    assert.equal(of("203.0.113.9", "1.1.1.1"), "203.0.113.9");
    assert.equal(of("::ffff:203.0.113.9", "1.1.1.1"), "203.0.113.9");
  });

  test("is read from the right through trusted hops only", () => {
    assert.equal(of("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2"), "203.0.113.9");
    assert.equal(of("10.0.0.1", "6.6.6.6", "203.0.113.9", "10.0.0.2"), "203.0.113.9");
    assert.equal(of("::1", "203.0.113.9:4711"), "203.0.113.9");
    assert.equal(of("::ffff:10.0.0.1", "[2001:DB8::5]:443"), "2001:db8::5");
    assert.equal(of("10.0.0.1", "2001:db8:0::5"), "2001:db8::5");
  });

  test("is the farthest hop when all are trusted, and the peer when none is told", () => {
    assert.equal(of("10.0.0.1", "10.0.0.3,10.0.0.2"), "10.0.0.3");
    assert.equal(of("10.0.0.1"), "10.0.0.1");
    assert.equal(of("10.0.0.1", ""), "10.0.0.1");
  });

  test("is the last good hop when rubbish stops the walk", () => {
    for (const rubbish of ["unknown", "_hidden", "1.2.3", "10.0.0.256", "010.0.0.1", "a, b", "[::1", "10.0.0.1:port"]) {
      assert.equal(of("10.0.0.1", `203.0.113.9, ${rubbish}, 10.0.0.2`), "10.0.0.2", rubbish);
    }
  });

  test("law: whatever an untrusted client writes, its own address is found", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string())),
        fc.constantFrom("203.0.113.9", "2001:db8::9"),
        (forged, real) => {
          assert.equal(of("10.0.0.1", ...forged, real, "10.0.0.2"), real);
          assert.equal(of(real, ...forged), real);
        },
      ),
    );
  });
});

test("addresses are shown in one form", () => {
  assert.equal(plainAddress("::ffff:1.2.3.4"), "1.2.3.4");
  assert.equal(plainAddress("2001:DB8:0::1"), "2001:db8::1");
  assert.equal(plainAddress("1.2.3.4"), "1.2.3.4");
  assert.equal(plainAddress("x:y"), "x:y");
});
