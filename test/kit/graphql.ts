import { EventEmitter, on, once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { TestContext } from "node:test";
import { GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { type Client, type ClientOptions, createClient } from "graphql-ws";
import { useServer } from "graphql-ws/use/ws";
import { WebSocket, WebSocketServer } from "ws";
import { lastly } from "./cleanup.ts";
import { within } from "./until.ts";

export interface GraphqlOptions {
  /** Default: any free port. */
  readonly port?: number;
  /** What subscriptions hear, by its event `said`; the default is the server's own. */
  readonly bus?: EventEmitter;
  /** May refuse a connection, or take its time. */
  readonly onConnect?: () => boolean | Promise<boolean>;
  /** Waited for before each upgrade is answered. */
  readonly opening?: () => Promise<unknown>;
  /** Waited for by the query `slow`. */
  readonly slow?: () => Promise<unknown>;
  /** Milliseconds between pings, of WebSocket itself. */
  readonly keepAlive?: number;
}

/** A server of graphql-ws. */
export interface GraphqlServer {
  readonly name: string;
  readonly url: string;
  readonly port: number;
  readonly bus: EventEmitter;
  /** WebSockets that are open now. */
  readonly sockets: ReadonlySet<WebSocket>;
  /** Upgrade requests so far. */
  readonly handshakes: readonly IncomingMessage[];
  /** The operations that it has begun, by name. */
  readonly began: readonly string[];
  /** Says it to all its subscriptions. */
  say(text: string): void;
  /** Breaks every connection off and listens no more. */
  kill(): void;
}

/** `who` and `slow` are asked, `say` notes its text, and `said` and `heard` are subscribed to. */
const schemaOf = (name: string, bus: EventEmitter, began: string[], slow: () => Promise<unknown>): GraphQLSchema => {
  const type = GraphQLString;
  const begins = (what: string): string => {
    began.push(what);
    return name;
  };
  const said = (field: string) => ({
    type,
    subscribe: () => {
      begins(field);
      return on(bus, "said");
    },
    resolve: ([text]: [string]) => `${field} ${text}`,
  });
  return new GraphQLSchema({
    query: new GraphQLObjectType({
      name: "Query",
      fields: {
        who: { type, resolve: () => begins("who") },
        slow: {
          type,
          async resolve() {
            begins("slow");
            await slow();
            return name;
          },
        },
      },
    }),
    mutation: new GraphQLObjectType({ name: "Mutation", fields: { say: { type, resolve: () => begins("say") } } }),
    subscription: new GraphQLObjectType({
      name: "Subscription",
      fields: { said: said("said"), heard: said("heard") },
    }),
  });
};

/** Starts a server of graphql-ws, with the library itself. */
export const startGraphql = async (
  t: TestContext,
  name: string,
  options: GraphqlOptions = {},
): Promise<GraphqlServer> => {
  const { port = 0, bus = new EventEmitter(), onConnect, slow = () => Promise.resolve(), opening } = options;
  const began: string[] = [];
  const handshakes: IncomingMessage[] = [];
  const connections = new Set<Socket>();
  const sockets = new WebSocketServer({ noServer: true });
  const schema = schemaOf(name, bus, began, slow);
  useServer({ schema, ...(onConnect === undefined ? {} : { onConnect }) }, sockets, options.keepAlive);
  const http = createServer();
  http.on("connection", (socket: Socket) => connections.add(socket));
  http.on("upgrade", (request, socket: Socket, head) => {
    handshakes.push(request);
    const open = (): void =>
      sockets.handleUpgrade(request, socket, head, (one) => void sockets.emit("connection", one, request));
    void (opening?.() ?? Promise.resolve()).then(open);
  });
  http.listen(port, "127.0.0.1");
  await once(http, "listening");
  const kill = (): void => {
    http.close();
    for (const socket of connections) socket.destroy();
  };
  lastly(t, kill);
  const bound = http.address() as AddressInfo; // a TCP server that listens has one
  return {
    name,
    url: `ws://127.0.0.1:${bound.port}`,
    port: bound.port,
    bus,
    sockets: sockets.clients,
    handshakes,
    began,
    say: (text) => void bus.emit("said", text),
    kill,
  };
};

/** A client of graphql-ws, with what it has seen. */
export interface GraphqlClient {
  readonly client: Client;
  /** What its subscriptions and queries have given, and how they ended. */
  readonly heard: readonly string[];
  /** Types of the messages that it got. */
  readonly types: readonly string[];
  /** Close codes of its sockets. */
  readonly closes: readonly number[];
  /** Begins an operation; gives what ends it. */
  begin(query: string): () => void;
  /** The answer to a query. */
  ask(query: string): Promise<string>;
}

/** What the field of an operation has given. */
const valueOf = ({ data }: { data?: unknown }): string => String(Object.values(data ?? {})[0]);

/** A client that connects at once and never a second time. */
export const openGraphql = (t: TestContext, url: string, options: Partial<ClientOptions> = {}): GraphqlClient => {
  const heard: string[] = [];
  const types: string[] = [];
  const closes: number[] = [];
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    lazy: false,
    retryAttempts: 0,
    onNonLazyError: () => {},
    on: {
      message: ({ type }) => void types.push(type),
      closed: (event) => void closes.push((event as { code: number }).code), // the library has no type for it
    },
    ...options,
  });
  lastly(t, () => client.terminate());
  return {
    client,
    heard,
    types,
    closes,
    begin: (query) =>
      client.subscribe(
        { query },
        {
          next: (result) => void heard.push(valueOf(result)),
          error: () => void heard.push("error"),
          complete: () => {},
        },
      ),
    ask: (query) =>
      within(
        new Promise((resolve, reject) => {
          client.subscribe(
            { query },
            { next: (result) => resolve(valueOf(result)), error: () => reject(new Error(query)), complete: () => {} },
          );
        }),
        `an answer to ${query}`,
      ),
  };
};
