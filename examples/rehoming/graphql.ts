/**
 * A chat over graphql-ws: a subscription hears what is said, a mutation says it, and Redis (or Valkey) carries it to all
 * servers.
 *
 *     node examples/rehoming/graphql.ts 8000 &
 *     node examples/rehoming/graphql.ts 8001 &
 *     npm start -- --config examples/rehoming/graphql.yaml
 *
 * Open http://127.0.0.1:8080/?name=ann and others in several tabs, and kill one of the two, with -9 or without. What goes on
 * with another server, and what does not, is in docs/rehoming.md.
 */
import { EventEmitter, on } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

import { createClient } from "@redis/client";
import { GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from "graphql";
import { useServer } from "graphql-ws/use/ws";
import { WebSocketServer } from "ws";

const CHANNEL = "graphql-chat";

/** The library's bundle for browsers. */
const BUNDLE = readFileSync(new URL("../umd/graphql-ws.min.js", import.meta.resolve("graphql-ws/client")));

// The page subscribes before it can say anything: what is among the first two messages is executed again by each new server.
const PAGE = `<!doctype html><meta charset="utf-8"><title>chat</title>
<form><input name="text" autofocus autocomplete="off"></form><ul></ul>
<script src="/graphql-ws.js"></script>
<script>
  const show = (text) => document.querySelector("ul").append(Object.assign(document.createElement("li"), { textContent: text }));
  const client = graphqlWs.createClient({
    url: location.href.replace("http", "ws"),
    connectionParams: { name: new URLSearchParams(location.search).get("name") ?? "somebody" },
    on: { closed: ({ code }) => show("closed: " + code) },
  });
  const error = (problem) => show("error: " + (problem.code ?? JSON.stringify(problem)));
  const said = "subscription { said }";
  client.subscribe({ query: said }, { next: ({ data }) => show(data.said), error, complete: () => show("complete") });
  const say = "mutation ($text: String!) { say(text: $text) }";
  document.querySelector("form").onsubmit = (event) => {
    event.preventDefault();
    client.subscribe({ query: say, variables: { text: event.target.text.value } }, { next() {}, error, complete() {} });
    event.target.reset();
  };
</script>`;

const TEXT = new GraphQLNonNull(GraphQLString);

interface Context {
  readonly name: string;
}

/**
 * @param heard emits `said` for all that any server's clients say
 * @param publish takes it to all servers
 */
function schemaOf(heard: EventEmitter, publish: (text: string) => Promise<unknown>): GraphQLSchema {
  const query = new GraphQLObjectType({ name: "Query", fields: { hello: { type: TEXT, resolve: () => "hello" } } });
  const say = {
    type: TEXT,
    args: { text: { type: TEXT } },
    resolve: async (_source: unknown, { text }: { text: string }, { name }: Context): Promise<string> => {
      await publish(`${name}: ${text}`);
      return text;
    },
  };
  const said = { type: TEXT, subscribe: () => on(heard, "said"), resolve: ([text]: [string]) => text };
  return new GraphQLSchema({
    query,
    mutation: new GraphQLObjectType<unknown, Context>({ name: "Mutation", fields: { say } }),
    subscription: new GraphQLObjectType({ name: "Subscription", fields: { said } }),
  });
}

/** @param redis URL; `unix:///path` for a socket of Unix's */
async function serve(port: number, redis: string): Promise<void> {
  const heard = new EventEmitter().setMaxListeners(0);
  const publisher = createClient({ url: redis }).on("error", console.error);
  const subscriber = publisher.duplicate().on("error", console.error);
  await Promise.all([publisher.connect(), subscriber.connect()]);
  await subscriber.subscribe(CHANNEL, (text) => void heard.emit("said", text));
  const http = createServer((request, response) => {
    if (request.url === "/graphql-ws.js") response.setHeader("Content-Type", "text/javascript").end(BUNDLE);
    else response.setHeader("Content-Type", "text/html").end(PAGE);
  });
  const sockets = new WebSocketServer({ server: http });
  const context = ({ connectionParams = {} }: { connectionParams?: Record<string, unknown> }): Context => ({
    name: String(connectionParams["name"]),
  });
  const schema = schemaOf(heard, (text) => publisher.publish(CHANNEL, text));
  const graphql = useServer({ schema, context }, sockets);
  http.listen(port, "127.0.0.1", () => {
    const address = http.address();
    console.log(`listening on ${typeof address === "object" ? address?.port : address}`);
  });
  process.once("SIGTERM", () => {
    http.close();
    // Its clients get a Close with 1001, and what has been said last is in Redis before the end.
    void Promise.resolve(graphql.dispose())
      .then(() => publisher.close())
      .then(() => process.exit(0));
  });
}

await serve(Number(process.argv[2] ?? "8000"), process.env["REDIS"] ?? "redis://127.0.0.1:6379");
