import assert from "node:assert/strict";
import { describe, test } from "node:test";

import {
  type ConfigDiff,
  type ConfigInput,
  diffConfigs,
  diffLines,
  formatDiff,
  parseConfig,
} from "../../src/config/index.ts";
import { certificateFor } from "../kit/certs.ts";
import { needTool } from "../kit/tools.ts";

const diff = (before: ConfigInput, after: ConfigInput): ConfigDiff =>
  diffConfigs(parseConfig(before).config, parseConfig(after).config);

/** Lines with their signs, without what a reload does. */
const lines = (found: ConfigDiff): string[] => found.flatMap(diffLines).map(({ sign, text }) => `${sign} ${text}`);

const TOKEN = "a token that nobody guesses";
const backends = ["ws://10.0.0.1:8000"];

describe("secrets and certificates", () => {
  test("a secret is never shown, and only told to be another", () => {
    const found = diff({ backends, secret: "hush hush" }, { backends, secret: "psst psst" });
    assert.deepEqual(lines(found), ["~ secret: changed"]);
    assert.doesNotMatch(JSON.stringify(found), /hush|psst/);
    assert.deepEqual(lines(diff({ backends }, { backends, secret: "psst" })), ["~ secret: not set -> set"]);
  });

  test("nor is the token of the admin API, also when all of it comes or goes", () => {
    const admin = { address: "127.0.0.1:9", token: TOKEN };
    assert.deepEqual(lines(diff({ backends, admin }, { backends, admin: { ...admin, token: `${TOKEN}!` } })), [
      "~ admin.token: changed",
    ]);
    assert.deepEqual(lines(diff({ backends, admin: "off" }, { backends, admin })), [
      "~ admin: off -> { address: 127.0.0.1:9, token: set, hosts: [] }",
    ]);
    assert.deepEqual(lines(diff({ backends, admin }, { backends, admin: "127.0.0.1:10" })), [
      "~ admin.address: 127.0.0.1:9 -> 127.0.0.1:10",
      "~ admin.token: set -> not set",
    ]);
  });

  test("nor is what headers of probes say, also when the probes come or go", () => {
    const probed = (headers: Record<string, string>): ConfigInput => ({
      pools: { chat: { backends, health: { active: { kind: "http", headers } } } },
      defaultPool: "chat",
    });
    const unprobed = { pools: { chat: { backends } }, defaultPool: "chat" };
    const found = diff(probed({ Authorization: "hush", "X-Old": "psst" }), probed({ Authorization: "hush hush" }));
    assert.deepEqual(lines(found), [
      "~ pool chat: health.active.headers.Authorization: changed",
      "~ pool chat: health.active.headers.X-Old: set -> not set",
    ]);
    const coming = diff(unprobed, probed({ "X.Dotted": "hush" }));
    assert.match(lines(coming).join(), /headers: { X.Dotted: set }/);
    assert.doesNotMatch(JSON.stringify([found, coming]), /hush|psst/);
  });

  test("a certificate that is renewed is the same one, known by its fingerprint, whatever file it is in", (t) => {
    if (!needTool(t, "openssl", "/usr/bin/openssl")) return;
    const old = certificateFor(["chat.example.com"]);
    const renewed = certificateFor(["chat.example.com"], "other-ca");
    const withOne = ({ cert, key }: { cert: string; key: string }): ConfigInput => ({
      backends,
      listen: { address: ":8443", tls: { certificates: [{ cert, key }] } },
    });
    const found = diff(withOne(old), withOne(renewed));
    const [line = "", ...others] = lines(found);
    assert.match(
      line,
      /^~ certificate chat\.example\.com of listener 0\.0\.0\.0:8443: cert: [\dA-F:]{23} until \d{4}-\d\d-\d\d -> [\dA-F:]{23} until/,
    );
    assert.deepEqual(others, []);
    assert.doesNotMatch(JSON.stringify(found), /BEGIN|\\n/);
    assert.deepEqual(diff(withOne(old), withOne({ cert: old.certFile, key: old.keyFile })), []);
    const chain = { cert: `${old.cert}${renewed.cert}`, key: old.key };
    assert.match(lines(diff(withOne(old), withOne(chain))).join(), / until \S+ and 1 more \([\da-f]{16}\)$/);
  });

  test("several certificates for one name are told apart by their order, and the order is a difference", (t) => {
    if (!needTool(t, "openssl", "/usr/bin/openssl")) return;
    const [a, b] = [certificateFor(["a.example.com"]), certificateFor(["b.example.com"])];
    const certificates = (...all: readonly { cert: string; key: string }[]): ConfigInput => ({
      backends,
      listen: { address: ":8443", tls: { certificates: all.map(({ cert, key }) => ({ cert, key })) } },
    });
    assert.deepEqual(lines(diff(certificates(a, b), certificates(b, a))), [
      "~ listener 0.0.0.0:8443: tls.certificates: [ a.example.com, b.example.com ] -> [ b.example.com, a.example.com ]",
    ]);
    assert.match(lines(diff(certificates(a), certificates(a, a))).join(), /^\+ certificate a\.example\.com \(2\) of/);
  });

  test("TLS that is turned on keeps the socket", (t) => {
    if (!needTool(t, "openssl", "/usr/bin/openssl")) return;
    const { cert, key } = certificateFor(["localhost"]);
    const text = formatDiff(
      diff({ backends, listen: ":1" }, { backends, listen: { address: ":1", tls: { certificates: [{ cert, key }] } } }),
    );
    assert.match(text, /~ listener 0\.0\.0\.0:1: tls: off -> { minVersion: TLSv1\.2 }\n {6}keeps its socket; /);
    assert.match(text, /\+ certificate localhost of listener 0\.0\.0\.0:1 \(.* until .*\)\n/);
    assert.ok(text.endsWith("\n1 listener changed; 1 certificate added\n"));
  });
});
