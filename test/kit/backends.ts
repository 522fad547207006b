import { once } from "node:events";
import { createServer as createPlain, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecure } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TestContext } from "node:test";
import { WebSocketServer, type PerMessageDeflateOptions, type WebSocket } from "ws";
import { certificateFor, type Certificate } from "./certs.ts";
import { lastly } from "./cleanup.ts";

export interface EchoOptions {
  /** What it answers to "who" and to plain requests for /who. */
  readonly name?: string;
  /** Default: any free port. */
  readonly port?: number;
  readonly deflate?: boolean | PerMessageDeflateOptions;
  /** With a certificate it speaks TLS; true makes one for 127.0.0.1 and localhost. */
  readonly tls?: boolean | Certificate;
  /** Answers plain requests; the default tells the backend's name. */
  readonly onRequest?: (request: IncomingMessage, response: ServerResponse) => void;
  /** Instead of echoing. */
  readonly onSocket?: (socket: WebSocket, request: IncomingMessage) => void;
  /** Chooses the subprotocol; the default takes the first. */
  readonly protocol?: (offered: Set<string>) => string | false;
}

export interface EchoBackend {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  /** WebSockets that are open now. */
  readonly sockets: ReadonlySet<WebSocket>;
  /** The upgrade requests in the order in which they came. */
  readonly handshakes: readonly IncomingMessage[];
  /** The plain requests likewise. */
  readonly requests: readonly IncomingMessage[];
  /** How its WebSockets ended, as its library saw it (1006: without a Close). */
  readonly closes: readonly { readonly code: number; readonly reason: string }[];
  /** Breaks every connection off and listens no more. */
  kill(): Promise<void>;
}

const echo = (socket: WebSocket, name: string): void => {
  socket.on("message", (data, isBinary) => {
    const isQuestion = !isBinary && Buffer.isBuffer(data) && data.toString() === "who";
    socket.send(isQuestion ? name : data, { binary: isBinary });
  });
};

const httpServer = (options: EchoOptions): Server => {
  if (options.tls === undefined || options.tls === false) return createPlain();
  const certificate = options.tls === true ? certificateFor(["127.0.0.1", "localhost"]) : options.tls;
  return createSecure({ cert: certificate.cert, key: certificate.key });
};

/**
 * A RST beneath a TLS session that is not established leaves Node spinning at its exit, and one behind our own FIN fails
 * and leaves the handle open: these are only destroyed.
 */
const breakOff = (socket: Socket, isSecure: boolean): void => {
  if (isSecure || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
};

const killer = (server: Server, connections: Set<Socket>, isSecure: boolean) => async (): Promise<void> => {
  for (const socket of connections) breakOff(socket, isSecure);
  if (!server.listening) return;
  server.close();
  await once(server, "close");
};

/** What a backend has seen. */
const ledger = () => ({
  sockets: new Set<WebSocket>(),
  handshakes: [] as IncomingMessage[],
  requests: [] as IncomingMessage[],
  closes: [] as { code: number; reason: string }[],
  connections: new Set<Socket>(),
});

const serve = (server: Server, wss: WebSocketServer, seen: ReturnType<typeof ledger>, options: EchoOptions): void => {
  const name = options.name ?? "echo";
  server.on("connection", (socket: Socket) => {
    seen.connections.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => seen.connections.delete(socket));
  });
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    seen.requests.push(request);
    if (options.onRequest !== undefined) options.onRequest(request, response);
    else response.end(name);
  });
  server.on("upgrade", (request: IncomingMessage) => seen.handshakes.push(request));
  wss.on("connection", (socket: WebSocket, request: IncomingMessage) => {
    seen.sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", (code, reason) => {
      seen.sockets.delete(socket);
      seen.closes.push({ code, reason: reason.toString() });
    });
    if (options.onSocket !== undefined) options.onSocket(socket, request);
    else echo(socket, name);
  });
};

const MESSAGE_MAX = 64 * 1024 * 1024;

/** Starts a backend that echoes WebSocket messages, answers "who" with its name, and answers plain requests. */
export const startEcho = async (t: TestContext, options: EchoOptions = {}): Promise<EchoBackend> => {
  const server = httpServer(options);
  const wss = new WebSocketServer({
    server,
    maxPayload: MESSAGE_MAX,
    perMessageDeflate: options.deflate ?? false,
    ...(options.protocol === undefined ? {} : { handleProtocols: options.protocol }),
  });
  const seen = ledger();
  serve(server, wss, seen, options);
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const isSecure = options.tls !== undefined && options.tls !== false;
  const kill = killer(server, seen.connections, isSecure);
  lastly(t, kill);
  const scheme = isSecure ? "wss" : "ws";
  return { name: options.name ?? "echo", url: `${scheme}://127.0.0.1:${port}`, port, ...seen, kill };
};

/** Several echo backends, named "one", "two", "three" and so on. */
export const startEchoes = (t: TestContext, count: number, options: EchoOptions = {}): Promise<EchoBackend[]> => {
  const names = ["one", "two", "three", "four", "five", "six"].slice(0, count);
  return Promise.all(names.map((name) => startEcho(t, { ...options, name })));
};
