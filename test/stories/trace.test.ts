/** Traces go through: the client's own where there is one, and the record names it. */
import assert from "node:assert/strict";
import test from "node:test";
import { startEcho } from "../kit/backends.ts";
import { startBalancer } from "../kit/balancer.ts";
import { openWs } from "../kit/clients.ts";
import { ask } from "../kit/http.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const headers = { traceparent: `00-${TRACE}-${PARENT}-01`, tracestate: "congo=t61rcWkgMzE" };

test("the trace of a tunnel and of a request goes on to the backend, with a span of fairlead's own", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  await (await openWs(t, fairlead.url, { headers })).bye();
  await ask(t, fairlead.origin, { headers });
  for (const seen of [backend.handshakes[0], backend.requests[0]]) {
    const [, span = ""] =
      new RegExp(`^00-${TRACE}-([0-9a-f]{16})-01$`).exec(String(seen?.headers["traceparent"])) ?? [];
    assert.notEqual(span, "");
    assert.notEqual(span, PARENT);
    assert.equal(seen?.headers["tracestate"], headers.tracestate);
  }
  for (const kind of ["tunnel", "request"]) {
    assert.equal((await fairlead.record((record) => record.kind === kind)).trace, TRACE);
  }
});

test("where there is none a trace begins, another one for each, and the record names it", async (t) => {
  const backend = await startEcho(t);
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  await (await openWs(t, fairlead.url)).bye();
  await ask(t, fairlead.origin, { headers: { traceparent: "00-broken", tracestate: "a=1" } });
  const ids = [backend.handshakes[0], backend.requests[0]].map((seen) => {
    assert.equal(seen?.headers["tracestate"], undefined);
    return /^00-([0-9a-f]{32})-[0-9a-f]{16}-01$/.exec(String(seen?.headers["traceparent"]))?.[1];
  });
  assert.equal(new Set(ids).size, 2);
  const records = [
    await fairlead.record(({ kind }) => kind === "tunnel"),
    await fairlead.record(({ kind }) => kind === "request"),
  ];
  assert.deepEqual(
    records.map(({ trace }) => trace),
    ids,
  );
});
