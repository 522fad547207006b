import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { switchingHead } from "./heads.ts";
import { startRaw, type RawBackend, type RawPeer } from "./raw.ts";

type Script = (peer: RawPeer) => void | Promise<void>;

/** An answer with a body of known length. */
export const plainAnswer = (status: number, body = "", headers: readonly string[] = []): string =>
  [`HTTP/1.1 ${status} Whatever`, `Content-Length: ${Buffer.byteLength(body)}`, ...headers, "", body].join("\r\n");

/** Answers every request with these bytes. With `ends` it closes then. */
export const answers =
  (text: string, ends = false): Script =>
  async (peer) => {
    await peer.head();
    peer.write(text);
    if (ends) peer.half();
  };

/** Does the handshake, with header lines changed, and sends these bytes behind it in the same segment. */
export const switches =
  (bytes: Uint8Array = Buffer.alloc(0), headers: Readonly<Record<string, string | undefined>> = {}): Script =>
  async (peer) => {
    const request = await peer.head();
    peer.write(Buffer.concat([Buffer.from(switchingHead(request, headers)), bytes]));
  };

/** Backends that fail, each in its own way, before there is a tunnel: all of them must be passed over. */
export const FAILING: Readonly<Record<string, Script>> = {
  "closes the connection at once": (peer) => peer.half(),
  "resets the connection at once": (peer) => peer.reset(),
  "closes the connection after the request": async (peer) => {
    await peer.head();
    peer.half();
  },
  "resets the connection after the request": async (peer) => {
    await peer.head();
    peer.reset();
  },
  "closes in the middle of its head": answers("HTTP/1.1 101 Switching Prot", true),
  "answers with something that is not HTTP": answers("SSH-2.0-OpenSSH_9.2\r\n\r\n"),
  "answers with a head that never ends": answers(`HTTP/1.1 101 Switching Protocols\r\nX-Long: ${"x".repeat(200_000)}`),
  "answers 101 with a wrong accept value": switches(undefined, { "Sec-WebSocket-Accept": "bm90IHRoZSByaWdodCBvbmU=" }),
  "answers 101 without an accept value": switches(undefined, { "Sec-WebSocket-Accept": undefined }),
  "answers 101 without Upgrade": switches(undefined, { Upgrade: undefined }),
  "answers 101 without Connection": switches(undefined, { Connection: undefined }),
  "answers 101 with another protocol": switches(undefined, { Upgrade: "h2c" }),
  "answers 101 with a subprotocol nobody offered": switches(undefined, { "Sec-WebSocket-Protocol": "surprise" }),
  "answers 101 with an extension nobody offered": switches(undefined, { "Sec-WebSocket-Extensions": "x-surprise" }),
  "answers 502": answers(plainAnswer(502, "bad gateway")),
  "answers 503": answers(plainAnswer(503, "busy")),
  "answers 504": answers(plainAnswer(504, "late")),
};

/** A backend that accepts and then says nothing, ever. */
export const startSilent = (t: TestContext): Promise<RawBackend> => startRaw(t, () => undefined);

/** A local port at which nobody listens. */
export const deadPort = async (): Promise<number> => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  server.close();
  await once(server, "close");
  return port;
};

/** Whether somebody listens at the local port. */
export const isListening = async (port: number): Promise<boolean> => {
  const socket = connect(port, "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};
