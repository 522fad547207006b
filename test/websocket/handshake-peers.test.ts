import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerOptions } from "node:http";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import { after, describe, test } from "node:test";
import { WebSocket as WsClient, WebSocketServer } from "ws";
import { findHeadEnd, parseResponseHead, requestHeadText, responseHeadText } from "../../src/http/index.ts";
import {
  acceptValue,
  isWebSocketUpgrade,
  judgeUpgrade,
  parseExtensions,
  type UpgradeJudgement,
  verifyUpgrade,
} from "../../src/websocket/index.ts";

const key = "dGhlIHNhbXBsZSBub25jZQ==";

/** Judges a request of node's own server, and answers 101 or the refusal. */
function judge(request: IncomingMessage, socket: Duplex): UpgradeJudgement {
  const { method = "", url = "", httpVersion, rawHeaders } = request;
  const judged = judgeUpgrade({ method, target: url, version: httpVersion, headers: rawHeaders });
  const switched = ["Upgrade", "websocket", "Connection", "Upgrade"];
  socket.end(
    judged.ok
      ? responseHeadText(101, "", [...switched, "Sec-WebSocket-Accept", acceptValue(judged.upgrade.key)])
      : responseHeadText(judged.status, "", judged.headers),
    "latin1",
  );
  return judged;
}

describe("the handshakes of real clients", () => {
  // Newer than the types of the oldest Node that is supported.
  const options: ServerOptions & { shouldUpgradeCallback: (request: IncomingMessage) => boolean } = {
    shouldUpgradeCallback: ({ rawHeaders }) => isWebSocketUpgrade(rawHeaders),
  };
  const server = createServer(options);
  server.on("request", (_request, response) => response.end("plain"));
  const listening = once(server.listen(0, "127.0.0.1"), "listening");
  const port = (): number => (server.address() as AddressInfo).port; // a TCP server's address is never a string
  after(() => server.close());

  /** What the judge says of the next upgrade. */
  const nextJudgement = async (): Promise<UpgradeJudgement> => {
    const [request, socket] = (await once(server, "upgrade")) as [IncomingMessage, Duplex]; // as node documents
    return judge(request, socket);
  };

  const clients: [string, (url: string) => { close(): void }][] = [
    ["ws", (url) => new WsClient(url, ["a", "b"]).on("error", () => {})],
    ["node", (url) => new WebSocket(url, ["a", "b"])],
  ];
  for (const [name, open] of clients) {
    test(`${name} passes, with its subprotocols and its permessage-deflate`, async () => {
      await listening;
      const judged = nextJudgement();
      open(`ws://127.0.0.1:${port()}/socket?x=1`);
      const result = await judged;
      assert.ok(result.ok);
      assert.deepEqual(result.upgrade.protocols, ["a", "b"]);
      assert.equal(result.upgrade.extensions[0]?.name, "permessage-deflate");
    });
  }

  const raw = async (text: string): Promise<string> => {
    await listening;
    const socket = connect(port(), "127.0.0.1");
    socket.end(text, "latin1");
    let answer = "";
    for await (const chunk of socket.setEncoding("latin1")) {
      answer += String(chunk);
    }
    return answer.split("\r\n")[0] ?? "";
  };
  const handshake = `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;

  test("what node's parser lets pass on upgrades is refused", async () => {
    const heads = [
      "GET / HTTP/1.0\r\nHost: a\r\n",
      "GET / HTTP/1.1\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n",
      "GET / HTTP/1.1\r\nHost: a/b\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n",
      "GET http://a:99999999/ws HTTP/1.1\r\nHost: a\r\n",
    ];
    for (const head of heads) {
      const judged = nextJudgement();
      assert.match(await raw(head + handshake), /^HTTP\/1\.1 400/, head);
      assert.ok(!(await judged).ok);
    }
  });

  test("Upgrade: h2c is a plain request", async () => {
    const head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n";
    assert.equal(await raw(head), "HTTP/1.1 200 OK");
  });
});

test("the answer of a real server is verified", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: true });
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1"); // it listens on TCP
  const extensions = "permessage-deflate; client_max_window_bits; server_max_window_bits=10";
  const headers = ["Host", "a", "Upgrade", "websocket", "Connection", "Upgrade", "Sec-WebSocket-Version", "13"];
  const wishes = ["Sec-WebSocket-Key", key, "Sec-WebSocket-Protocol", "a, b", "Sec-WebSocket-Extensions", extensions];
  socket.write(requestHeadText("GET", "/", [...headers, ...wishes]), "latin1");
  let bytes = Buffer.alloc(0);
  while (findHeadEnd(bytes, 0) === -1) {
    const [chunk] = (await once(socket, "data")) as [Buffer]; // no encoding is set
    bytes = Buffer.concat([bytes, chunk]);
  }
  const response = parseResponseHead(bytes, findHeadEnd(bytes, 0));
  const upgrade = { key, protocols: ["a", "b"], extensions: parseExtensions([extensions]) ?? [] };
  assert.deepEqual(verifyUpgrade(upgrade, response), {
    ok: true,
    protocol: "a",
    deflate: true,
    foreignExtensions: false,
  });
  socket.destroy();
  server.close();
});
