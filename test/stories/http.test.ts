/** Plain HTTP beside the sockets: pages, APIs, uploads and streams pass as they are. */
import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import test, { type TestContext } from "node:test";
import { startEcho, type EchoBackend } from "../kit/backends.ts";
import { startBalancer, urlsOf, type Harbour } from "../kit/balancer.ts";
import { noise } from "../conformance/case.ts";
import { answerTo, ask, begin, keepingAgent } from "../kit/http.ts";
import { rawConnect, startRaw } from "../kit/raw.ts";
import { answers, deadPort, FAILING, plainAnswer, startSilent } from "../kit/scripts.ts";
import { until, within } from "../kit/until.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Writes until it is all out, or nobody is there any more. */
const pour = async (response: ServerResponse, piece: Buffer, pieces: number, onPiece: () => void): Promise<void> => {
  for (let at = 0; at < pieces && !response.destroyed; at += 1) {
    if (!response.write(piece)) await Promise.race([once(response, "drain"), once(response, "close")]);
    onPiece();
  }
  response.end();
};

const serve = async (
  t: TestContext,
  onRequest: Handler,
): Promise<{ backend: EchoBackend; fairlead: Harbour; url: string }> => {
  const backend = await startEcho(t, { onRequest });
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  return { backend, fairlead, url: fairlead.origin };
};

const mirror: Handler = (request, response) => void request.pipe(response);

for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
  test(`${method} passes with target, headers and body; the answer with status, headers and body`, async (t) => {
    const { backend, fairlead, url } = await serve(t, (request, response) => {
      response.writeHead(
        207,
        "Odd Reason",
        [
          ["X-Method", request.method ?? ""],
          ["Set-Cookie", "a=1"],
          ["Set-Cookie", "b=2"],
        ].flat(),
      );
      request.pipe(response);
    });
    const body = method === "GET" || method === "OPTIONS" ? "" : "some body";
    const headers = { "X-Custom": "kept", Host: "app.test", "Content-Length": String(body.length) };
    const answer = await ask(t, `${url}/a%2Fb?x=%20&y`, { method, headers }, body);
    assert.equal(answer.status, 207);
    assert.equal(answer.headers["x-method"], method);
    assert.deepEqual(answer.headers["set-cookie"], ["a=1", "b=2"]);
    assert.equal(answer.body.toString(), body);
    const seen = backend.requests[0];
    assert.equal(seen?.url, "/a%2Fb?x=%20&y");
    assert.equal(seen?.headers.host, "app.test");
    assert.equal(seen?.headers["x-custom"], "kept");
    assert.equal(seen?.headers["x-forwarded-for"], "127.0.0.1");
    assert.equal(seen?.headers["x-forwarded-proto"], "http");
    const record = await fairlead.record((one) => one.kind === "request");
    assert.deepEqual([record.method, record.path, record.status, record.backend], [method, "/a%2Fb", 207, backend.url]);
  });
}

test("HEAD gets the headers of a GET and no body", async (t) => {
  const { url } = await serve(t, (_request, response) => response.writeHead(200, { "Content-Length": "1234" }).end());
  const answer = await ask(t, url, { method: "HEAD" });
  assert.deepEqual([answer.status, answer.headers["content-length"], answer.body.length], [200, "1234", 0]);
});

for (const status of [204, 304]) {
  test(`an answer ${status} has no body`, async (t) => {
    const { fairlead, url } = await serve(t, (_request, response) => response.writeHead(status).end());
    const answer = await ask(t, url);
    assert.deepEqual([answer.status, answer.body.length], [status, 0]);
    await fairlead.idle();
  });
}

test("a body streams up as it is written, not when it is complete", async (t) => {
  const arrived: string[] = [];
  const { url } = await serve(t, (request, response) => {
    request.on("data", (chunk: Buffer) => arrived.push(chunk.toString()));
    request.on("end", () => response.end("done"));
  });
  const request = begin(t, url, { method: "POST" });
  for (const piece of ["one", "two", "three"]) {
    request.write(piece);
    await until(() => arrived.join("").endsWith(piece), `"${piece}" arrives before the next is sent`);
  }
  request.end();
  assert.equal((await answerTo(request)).statusCode, 200);
});

test("an answer streams down as it is written: server-sent events arrive one by one", async (t) => {
  let stream: ServerResponse | undefined;
  const { fairlead, url } = await serve(t, (_request, response) => {
    stream = response.writeHead(200, { "Content-Type": "text/event-stream" });
    stream.flushHeaders();
  });
  const request = begin(t, url);
  request.end();
  const answer = await answerTo(request);
  for (const event of ["data: 1\n\n", "data: 2\n\n"]) {
    stream?.write(event);
    const [chunk] = await within(once(answer, "data"), "the event");
    assert.equal(String(chunk), event);
  }
  stream?.end();
  await within(once(answer, "end"), "the end");
  await fairlead.idle();
});

test("both directions stream at the same time", async (t) => {
  const { url } = await serve(t, (request, response) => {
    response.flushHeaders();
    request.pipe(response);
  });
  const request = begin(t, url, { method: "POST" });
  request.write("first");
  const answer = await answerTo(request);
  for (const piece of ["first", "second", "third"]) {
    if (piece !== "first") request.write(piece);
    const [chunk] = await within(once(answer, "data"), piece);
    assert.equal(String(chunk), piece);
  }
  request.end();
});

test("20 MB go up and come back as they were, with a length and in chunks", async (t) => {
  const { fairlead, url } = await serve(t, mirror);
  const body = noise(20_000_000);
  const known = await ask(t, url, { method: "POST", headers: { "Content-Length": String(body.length) } }, body);
  assert.ok(known.body.equals(body));
  const chunked = await ask(t, url, { method: "POST", headers: { "Transfer-Encoding": "chunked" } }, body);
  assert.ok(chunked.body.equals(body));
  await until(() => fairlead.records.length === 2, "two records");
  assert.deepEqual(
    fairlead.records.map((record) => record.body),
    [
      { fromClient: body.length, fromBackend: body.length },
      { fromClient: body.length, fromBackend: body.length },
    ],
  );
});

test("a client keeps its connection over many requests, and fairlead keeps its own to the backend", async (t) => {
  const ports = new Set<number | undefined>();
  const { backend, url } = await serve(t, (request, response) => {
    ports.add(request.socket.remotePort);
    response.end("again");
  });
  const agent = keepingAgent(t);
  for (let turn = 0; turn < 20; turn += 1) assert.equal((await ask(t, url, { agent })).body.toString(), "again");
  assert.equal(backend.requests.length, 20);
  assert.ok(ports.size < 5, `connections are used again (${ports.size})`);
});

test("requests pipelined on one connection are answered in order", async (t) => {
  const { fairlead } = await serve(t, (request, response) => {
    if (request.url === "/1") setImmediate(() => response.end("one"));
    else response.end("two");
  });
  const client = await rawConnect(t, fairlead.port);
  client.write("GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await client.farewell();
  const text = client.received.rest().toString();
  assert.ok(text.indexOf("one") > 0 && text.indexOf("one") < text.indexOf("two"), text);
});

test("Expect: 100-continue is answered, and the body follows", async (t) => {
  const { url } = await serve(t, mirror);
  const request = begin(t, url, { method: "POST", headers: { Expect: "100-continue", "Content-Length": "5" } });
  request.flushHeaders();
  await within(once(request, "continue"), "100 Continue");
  request.end("hello");
  const answer = await answerTo(request);
  const [body] = await within(once(answer, "data"), "the body");
  assert.equal(String(body), "hello");
});

test("hop-by-hop headers stop here, in both directions", async (t) => {
  const { backend, url } = await serve(t, (_request, response) => {
    response
      .writeHead(200, { Connection: "X-Private", "X-Private": "1", "Keep-Alive": "timeout=77", "X-Public": "2" })
      .end("ok");
  });
  const hop = {
    Connection: "keep-alive, X-Hop",
    "X-Hop": "1",
    TE: "trailers",
    "Proxy-Authorization": "x",
    "X-End": "2",
  };
  const answer = await ask(t, url, { headers: hop });
  const { headers } = backend.requests[0] ?? assert.fail("no request");
  assert.deepEqual([headers["x-hop"], headers["proxy-authorization"], headers["x-end"]], [undefined, undefined, "2"]);
  assert.deepEqual([answer.headers["x-private"], answer.headers["x-public"]], [undefined, "2"]);
  assert.notEqual(answer.headers["keep-alive"], "timeout=77");
});

test("an upload that the client breaks off is broken off at the backend", async (t) => {
  let gone = false;
  const { fairlead, url } = await serve(t, (request) => {
    request.on("aborted", () => (gone = true));
    request.on("error", () => (gone = true));
    request.resume();
  });
  const request = begin(t, url, { method: "POST", headers: { "Content-Length": "1000000" } });
  request.write("only the beginning");
  await until(() => fairlead.balancer.status().then((status) => status.requests === 1), "it is under way");
  request.destroy();
  await until(() => gone, "the backend notices");
  await fairlead.idle();
  assert.equal((await fairlead.record(() => true)).status, 499);
});

test("a download that the client breaks off is broken off at the backend", async (t) => {
  let gone = false;
  const { fairlead, url } = await serve(t, (_request, response) => {
    response.on("close", () => (gone = true));
    response.write("first");
  });
  const request = begin(t, url);
  request.end();
  const answer = await answerTo(request);
  await within(once(answer, "data"), "the first piece");
  request.destroy();
  await until(() => gone, "the backend notices");
  await fairlead.idle();
  await fairlead.record(() => true);
});

test("an answer that the backend breaks off is broken off at the client, not ended as if it were whole", async (t) => {
  const { fairlead, url } = await serve(t, (_request, response) => {
    response.write("first");
    setImmediate(() => response.destroy());
  });
  const request = begin(t, url);
  request.end();
  const answer = await answerTo(request);
  answer.resume();
  await until(() => answer.closed, "the end");
  assert.equal(answer.complete, false);
  await fairlead.idle();
});

test("a slow reader slows the backend down, and memory stays bounded", async (t) => {
  const piece = Buffer.alloc(256 * 1024);
  const pieces = 400;
  let written = 0;
  const { fairlead, url } = await serve(
    t,
    (_request, response) => void pour(response, piece, pieces, () => (written += 1)),
  );
  const request = begin(t, url);
  request.end();
  const answer = await answerTo(request);
  const seen: number[] = [];
  await until(() => seen.push(written) > 20 && seen.at(-1) === seen.at(-10), "the backend has to wait");
  assert.ok(written < pieces, "it is not all taken in");
  let size = 0;
  answer.on("data", (chunk: Buffer) => (size += chunk.length));
  await within(once(answer, "end"), "all of it");
  assert.equal(size, pieces * piece.length);
  await fairlead.idle();
});

test("with all backends down a plain request gets 503 with Retry-After", async (t) => {
  const fairlead = await startBalancer(t, { backends: [`http://127.0.0.1:${await deadPort()}`] });
  const answer = await ask(t, fairlead.origin);
  assert.equal(answer.status, 503);
  assert.match(String(answer.headers["retry-after"]), /^[1-9]\d*$/);
});

test("a request is tried at another backend where nobody listens at the first", async (t) => {
  const good = await startEcho(t, { name: "good" });
  const fairlead = await startBalancer(t, {
    backends: [`http://127.0.0.1:${await deadPort()}`, good.url],
    balance: "round-robin",
  });
  for (let turn = 0; turn < 4; turn += 1) assert.equal((await ask(t, fairlead.origin)).body.toString(), "good");
  assert.equal((await ask(t, fairlead.origin, { method: "POST" }, "with a body")).body.toString(), "good");
});

test("a request that the backend may have acted on is not sent twice", async (t) => {
  const [bad, other] = await Promise.all([
    startRaw(t, FAILING["closes the connection after the request"]),
    startEcho(t),
  ]);
  const fairlead = await startBalancer(t, { backends: [bad.url, other.url], balance: "round-robin" });
  const statuses: number[] = [];
  for (let turn = 0; turn < 2; turn += 1)
    statuses.push((await ask(t, fairlead.origin, { method: "POST" }, "pay once")).status);
  assert.deepEqual(
    statuses.toSorted((a, b) => a - b),
    [200, 502],
  );
  assert.equal(other.requests.length, 1);
});

test("a backend that answers rubbish gives 502", async (t) => {
  const backend = await startRaw(t, answers("SSH-2.0-OpenSSH_9.2\r\n\r\n", true));
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  assert.equal((await ask(t, fairlead.origin, { method: "POST" }, "x")).status, 502);
});

test("a backend that never answers gives 504 after responseTimeout", async (t) => {
  const backend = await startSilent(t);
  const fairlead = await startBalancer(t, { backends: [backend.url], limits: { responseTimeout: "500ms" } });
  assert.equal((await ask(t, fairlead.origin, { method: "POST" }, "x")).status, 504);
  await fairlead.idle();
});

for (const status of [400, 404, 500, 502, 503, 504]) {
  test(`a backend's own plain ${status} is the answer`, async (t) => {
    const backend = await startRaw(t, answers(plainAnswer(status, "mine", ["Retry-After: 77"])));
    const fairlead = await startBalancer(t, { backends: [backend.url] });
    const answer = await ask(t, fairlead.origin, { method: "POST" }, "x");
    assert.deepEqual([answer.status, answer.body.toString(), answer.headers["retry-after"]], [status, "mine", "77"]);
  });
}

test("an early hint does not end the answer", async (t) => {
  const hint = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
  const backend = await startRaw(t, answers(`${hint}${plainAnswer(200, "after the hint")}`));
  const fairlead = await startBalancer(t, { backends: [backend.url] });
  const answer = await ask(t, fairlead.origin);
  assert.deepEqual([answer.status, answer.body.toString()], [200, "after the hint"]);
});

test("requests with two lengths, or a length and chunks, never reach a backend", async (t) => {
  const { backend, fairlead } = await serve(t, mirror);
  for (const lines of [
    "Content-Length: 5\r\nContent-Length: 6",
    "Content-Length: 5\r\nTransfer-Encoding: chunked",
    "Transfer-Encoding: gzip",
  ]) {
    const client = await rawConnect(t, fairlead.port);
    client.write(`POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.equal((await client.head()).status, 400, lines);
    await client.farewell();
  }
  assert.equal(backend.requests.length, 0);
});

test("many requests at once over three backends leave nothing behind", async (t) => {
  const backends = await Promise.all(["one", "two", "three"].map((name) => startEcho(t, { name, onRequest: mirror })));
  const fairlead = await startBalancer(t, { backends: urlsOf(backends), balance: "round-robin" });
  const bodies = Array.from({ length: 200 }, (_, at) => noise(at * 100));
  const got = await Promise.all(bodies.map((body) => ask(t, fairlead.origin, { method: "POST" }, body)));
  assert.ok(got.every((answer, at) => answer.status === 200 && answer.body.equals(bodies[at] ?? Buffer.alloc(0))));
  await until(() => fairlead.records.length === 200, "a record of each");
  await fairlead.idle();
});
