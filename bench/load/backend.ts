import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { answerCalls } from "./answering.ts";
import { acceptOf, PLAIN_BODY } from "./handshake.ts";
import { serveTunnel } from "./backend-tunnel.ts";
import type { BackendCalls } from "./protocol.ts";

/**
 * The backend of every scenario, a process of its own: raw sockets, prepared answers. It upgrades what asks for it and
 * answers any other request with the small answer.
 */
const END = "\r\n\r\n";
const PLAIN = `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${PLAIN_BODY.length}\r\n`;
const PLAIN_ANSWER = Buffer.from(`${PLAIN}\r\n${PLAIN_BODY}`, "latin1");
const LAST_ANSWER = Buffer.from(`${PLAIN}Connection: close\r\n\r\n${PLAIN_BODY}`, "latin1");
const BACKLOG = 4096;

/** The last key and its accept value; the load's clients all send the same. */
let lastKey = "";
let lastAccept = "";

function acceptFor(key: string): string {
  if (key !== lastKey) {
    lastKey = key;
    lastAccept = acceptOf(key);
  }
  return lastAccept;
}

/** Reads heads until one asks for an upgrade; what follows it belongs to the tunnel. */
function serve(socket: Socket): void {
  let pending: Buffer | undefined;
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  const onData = (chunk: Buffer): void => {
    let bytes = pending === undefined ? chunk : Buffer.concat([pending, chunk]);
    pending = undefined;
    for (let end = bytes.indexOf(END); end >= 0; end = bytes.indexOf(END)) {
      const head = bytes.toString("latin1", 0, end);
      bytes = bytes.subarray(end + END.length);
      const key = /^sec-websocket-key: *(\S+)/im.exec(head)?.[1];
      if (key === undefined) answerPlain(socket, head);
      else {
        socket.off("data", onData);
        upgrade(socket, head.split(" ", 2)[1] ?? "/", key, bytes);
        return;
      }
    }
    if (bytes.length > 0) pending = bytes;
  };
  socket.on("data", onData);
}

function answerPlain(socket: Socket, head: string): void {
  // HTTP/1.0 without keep-alive does not occur: every proxy is configured for 1.1.
  if (/^connection: *close/im.test(head)) socket.end(LAST_ANSWER);
  else socket.write(PLAIN_ANSWER);
}

function upgrade(socket: Socket, target: string, key: string, early: Buffer): void {
  const head = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptFor(key)}${END}`;
  socket.write(head, "latin1");
  serveTunnel(socket, target, early);
}

async function listening(server: Server): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen({ port: 0, host: "127.0.0.1", backlog: BACKLOG }, resolve);
  await promise;
  return (server.address() as AddressInfo).port;
}

const calls: BackendCalls = {
  async listen({ key, cert }) {
    const plain = await listening(createServer({ noDelay: true }, serve));
    if (key === undefined || cert === undefined) return { plain, tls: undefined };
    return { plain, tls: await listening(createTlsServer({ key, cert }, serve)) };
  },
};

answerCalls(calls);
