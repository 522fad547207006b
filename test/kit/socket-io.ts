import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo, Socket as Connection } from "node:net";
import type { TestContext } from "node:test";
import { Server, type ServerOptions } from "socket.io";
import { io, type ManagerOptions, type Socket, type SocketOptions } from "socket.io-client";
import { lastly } from "./cleanup.ts";
import { within } from "./until.ts";

/** A server of socket.io. */
export interface SocketIoServer {
  /** `http://127.0.0.1:port`. */
  readonly url: string;
  readonly server: Server;
  /** Breaks every connection off and listens no more. */
  kill(): void;
}

/** Starts a server that answers `who` with its name and `echo` with what it was given. */
export const startSocketIo = async (
  t: TestContext,
  name: string,
  options: Partial<ServerOptions> = {},
): Promise<SocketIoServer> => {
  const http = createServer();
  const server = new Server(http, options);
  const connections = new Set<Connection>();
  http.on("connection", (socket: Connection) => connections.add(socket));
  server.on("connection", (socket) => {
    socket.on("who", (answer: (name: string) => void) => answer(name));
    socket.on("echo", (payload: unknown, answer: (payload: unknown) => void) => answer(payload));
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const kill = (): void => {
    http.close();
    for (const socket of connections) socket.destroy();
  };
  lastly(t, async () => {
    kill();
    await server.close();
  });
  const { port } = http.address() as AddressInfo; // a TCP server that listens has one
  return { url: `http://127.0.0.1:${port}`, server, kill };
};

/** A session of its own, connected; it does not connect again unless it is asked for. */
export const openSocketIo = async (
  t: TestContext,
  url: string,
  options: Partial<ManagerOptions & SocketOptions> = {},
): Promise<Socket> => {
  const socket = io(url, { forceNew: true, reconnection: false, ...options });
  lastly(t, () => void socket.disconnect());
  await connected(socket);
  return socket;
};

/** Waits until a client is connected to its namespace. */
export const connected = (socket: Socket): Promise<void> =>
  within(
    new Promise<void>((resolve, reject) => {
      if (socket.connected) resolve();
      socket.once("connect", resolve);
      socket.once("connect_error", reject);
    }),
    "the session begins",
  );
