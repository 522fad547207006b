import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { WebSocketServer, type WebSocket } from "ws";
import { lastly } from "./cleanup.ts";

export interface LadenOptions {
  /** How long it takes for a handshake, in milliseconds. */
  readonly delay?: number;
  /** What it says of its own load. */
  readonly load?: string;
}

/** Starts an echo that has a lot to do. */
export const startLaden = async (t: TestContext, { delay = 0, load }: LadenOptions) => {
  let handshakes = 0;
  const server = createServer();
  const wss = new WebSocketServer({ noServer: true });
  if (load !== undefined) wss.on("headers", (headers: string[]) => headers.push(`Fairlead-Load: ${load}`));
  server.on("upgrade", (request, socket, head) => {
    handshakes += 1;
    const answer = (): void => wss.handleUpgrade(request, socket, head, echo);
    if (delay === 0) answer();
    else setTimeout(answer, delay);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // of a server that listens at a port
  lastly(t, async () => {
    for (const ws of wss.clients) ws.terminate();
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  });
  return { url: `ws://127.0.0.1:${port}`, handshakes: () => handshakes, sockets: wss.clients };
};

const echo = (socket: WebSocket): void => {
  socket.on("message", (data, binary) => socket.send(data, { binary }));
};
