import assert from "node:assert/strict";
import { test } from "node:test";
import type { ErrorCode } from "../../src/base/index.ts";
import { connectionError } from "../../src/relay/index.ts";

const failure = (code: string, message = `connect ${code}`): Error => Object.assign(new Error(message), { code });

/** What a socket's error before the connection stood means. */
const BEFORE: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: "BACKEND_REFUSED",
  ECONNRESET: "BACKEND_REFUSED",
  EPIPE: "BACKEND_REFUSED",
  EHOSTUNREACH: "BACKEND_UNREACHABLE",
  ENETUNREACH: "BACKEND_UNREACHABLE",
  ENOTFOUND: "BACKEND_UNREACHABLE",
  EAI_AGAIN: "BACKEND_UNREACHABLE",
  ETIMEDOUT: "BACKEND_CONNECT_TIMEOUT",
  EMFILE: "LOCAL_RESOURCES",
  ENFILE: "LOCAL_RESOURCES",
  EADDRNOTAVAIL: "LOCAL_RESOURCES",
  DEPTH_ZERO_SELF_SIGNED_CERT: "BACKEND_TLS",
  SELF_SIGNED_CERT_IN_CHAIN: "BACKEND_TLS",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "BACKEND_TLS",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "BACKEND_TLS",
  CERT_HAS_EXPIRED: "BACKEND_TLS",
  ERR_TLS_CERT_ALTNAME_INVALID: "BACKEND_TLS",
  ERR_SSL_WRONG_VERSION_NUMBER: "BACKEND_TLS",
  EPROTO: "BACKEND_TLS",
  ESOMETHINGNEW: "BACKEND_UNREACHABLE",
};

for (const [system, code] of Object.entries(BEFORE)) {
  test(`${system} before the connection stood is ${code}, with its cause`, () => {
    const cause = failure(system);
    const error = connectionError("ws://b:1", false, cause);
    assert.deepEqual([error.code, error.cause, error.retry], [code, cause, true]);
    assert.match(error.message, new RegExp(`^ws://b:1.*connect ${system}$`));
  });
}

test("the same once the connection stood is a backend that closed early, except for TLS and our own want", () => {
  for (const [system, code] of Object.entries(BEFORE)) {
    const kept = code === "BACKEND_TLS" || code === "LOCAL_RESOURCES";
    assert.equal(connectionError("b", true, failure(system)).code, kept ? code : "BACKEND_CLOSED_EARLY", system);
  }
});

test("a want of our own is not the backend's fault", () => {
  assert.equal(connectionError("b", false, failure("EMFILE")).fault, "fairlead");
});

test("a connection that closes without an error is told by when it did", () => {
  assert.equal(connectionError("b", true, undefined).code, "BACKEND_CLOSED_EARLY");
  assert.equal(connectionError("b", false, undefined).code, "BACKEND_UNREACHABLE");
});

test("of several addresses that failed, the first tells", () => {
  const all = new AggregateError([failure("ECONNREFUSED"), failure("ENETUNREACH")]);
  const error = connectionError("b", false, all);
  assert.equal(error.code, "BACKEND_REFUSED");
  assert.match(error.message, /connect ECONNREFUSED/);
});
