import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

import { responseHeadText } from "../http/index.ts";
import { acceptValue, judgeUpgrade } from "../websocket/index.ts";
import { demoPage } from "./demo-page.ts";
import { createEcho, shortText } from "./echo.ts";

const HOST = "127.0.0.1";

/** A small backend within this process. */
export interface DemoBackend {
  readonly name: string;
  /** `ws://127.0.0.1:PORT`. */
  readonly url: string;
  /** Ends its connections and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts a backend that echoes WebSocket messages on every path, and serves a page to try it with. A socket that is
 * opened with the query `introduce` first gets a message with the backend's name.
 *
 * @param name what it calls itself
 */
export async function startDemoBackend(name: string): Promise<DemoBackend> {
  const sockets = new Set<Duplex>();
  const server = createServer((request, response) => answer(name, request, response));
  server.on("upgrade", (request, socket, early) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    acceptSocket(name, request, socket, early);
  });
  server.listen(0, HOST);
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    name,
    url: `ws://${HOST}:${port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function answer(name: string, request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const found = request.url?.split("?")[0] === "/";
  const body = found ? demoPage(name) : `${name} serves / and echoes WebSocket messages on every path.\n`;
  response.writeHead(found ? 200 : 404, {
    "content-type": `text/${found ? "html" : "plain"}; charset=utf-8`,
    "cache-control": "no-store",
    "x-demo-backend": name,
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function acceptSocket(name: string, request: IncomingMessage, socket: Duplex, early: Buffer): void {
  socket.on("error", () => socket.destroy());
  const { method = "", url = "/", httpVersion, rawHeaders } = request;
  const judgement = judgeUpgrade({ method, target: url, version: httpVersion, headers: rawHeaders });
  if (!judgement.ok) {
    const headers = [...judgement.headers, "Connection", "close", "Content-Length", "0"];
    socket.end(responseHeadText(judgement.status, "Bad handshake", headers));
    return;
  }
  const headers = ["Upgrade", "websocket", "Connection", "Upgrade"];
  headers.push("Sec-WebSocket-Accept", acceptValue(judgement.upgrade.key), "X-Demo-Backend", name);
  const [protocol] = judgement.upgrade.protocols;
  if (protocol !== undefined) headers.push("Sec-WebSocket-Protocol", protocol);
  socket.write(responseHeadText(101, "Switching Protocols", headers));
  if (new URLSearchParams(url.split("?")[1] ?? "").has("introduce")) socket.write(shortText(`this is ${name}`));
  const echo = createEcho(socket);
  if (early.length > 0) echo(early);
  socket.on("data", echo);
}
