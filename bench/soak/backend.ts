import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { answerCalls } from "../load/answering.ts";
import { acceptOf } from "../load/handshake.ts";
import { makePiece } from "./messages.ts";
import { Peer } from "./peer.ts";
import { BACKEND_HEADER, BYE, BYE_CODE, PIECE_BYTES, RESET, type SoakBackendCalls } from "./protocol.ts";

/** A backend of the soak, a process of its own that may be killed or frozen at any time. */
let name = "";

/** `/talk/SENDER` and `/stay/SENDER` echo; `/flood/SENDER?bytes=N` sends numbered pieces. */
function serveTunnel(request: IncomingMessage, socket: Socket, head: Buffer): void {
  const accept = acceptOf(request.headers["sec-websocket-key"] ?? "");
  const lines = ["Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n${BACKEND_HEADER}: ${name}\r\n\r\n`);
  const [, path = "", sender = ""] = /^\/(\w+)\/(\d+)/.exec(request.url ?? "") ?? [];
  const peer = path === "flood" ? flood(socket, Number(sender), bytesOf(request)) : echo(socket);
  if (head.length > 0) peer.receive(head);
  socket.on("data", (bytes: Buffer) => peer.receive(bytes));
  socket.on("end", () => socket.end());
}

function bytesOf({ url }: IncomingMessage): number {
  return Number(/[?&]bytes=(\d+)/.exec(url ?? "")?.[1] ?? 0);
}

function echo(socket: Socket): Peer {
  const peer = new Peer(socket, false, {
    message(payload, isText) {
      if (isText && payload.toString() === BYE) peer.close(BYE_CODE);
      else if (isText && payload.toString() === RESET) socket.resetAndDestroy();
      else peer.send(payload);
    },
    close: () => socket.end(),
    broken: () => socket.destroy(),
  });
  return peer;
}

/** Sends as fast as the other side takes it, and no faster; then closes. */
function flood(socket: Socket, sender: number, bytes: number): Peer {
  let number = 0;
  const peer = new Peer(socket, false, {
    message: () => undefined,
    close: () => socket.end(),
    broken: () => socket.destroy(),
  });
  const pour = (): void => {
    while (number * PIECE_BYTES < bytes) {
      const flowing = peer.send(makePiece(sender, number, PIECE_BYTES));
      number += 1;
      if (!flowing) return;
    }
    peer.close(1000);
  };
  socket.on("drain", pour);
  pour();
  return peer;
}

/** Answers with a digest of method, target and body. */
function serveRequest(request: IncomingMessage, response: ServerResponse): void {
  const digest = createHash("sha1").update(`${request.method} ${request.url}\n`);
  request.on("data", (bytes: Buffer) => digest.update(bytes));
  request.on("error", () => undefined);
  request.on("end", () => {
    response.setHeader(BACKEND_HEADER, name);
    response.end(digest.digest("hex"));
  });
}

const calls: SoakBackendCalls = {
  async listen(args) {
    ({ name } = args);
    const server = createServer(serveRequest);
    server.on("upgrade", (request, socket, head) => serveTunnel(request, socket as Socket, head)); // no custom socket
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    server.listen(args.port, "127.0.0.1", resolve);
    await promise;
    return { port: (server.address() as AddressInfo).port };
  },
};

answerCalls(calls);
