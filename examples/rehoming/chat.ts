/**
 * A chat server that keeps nothing: what is said goes through a channel of Redis (or Valkey) to all servers. The first
 * message of a client is its name.
 *
 *     node examples/rehoming/chat.ts 8000 &
 *     node examples/rehoming/chat.ts 8001 &
 *     npm start -- --config examples/rehoming/chat.yaml
 *
 * Open http://127.0.0.1:8080 in several tabs, and kill one of the two, with -9 or without.
 */
import { createServer } from "node:http";

import { createClient } from "@redis/client";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";

const CHANNEL = "chat";
const GOING_AWAY = 1001;

const PAGE = `<!doctype html><meta charset="utf-8"><title>chat</title>
<form><input name="text" autofocus autocomplete="off"></form><ul></ul>
<script>
  const socket = new WebSocket(location.href.replace("http", "ws"));
  const show = (text) => document.querySelector("ul").append(Object.assign(document.createElement("li"), { textContent: text }));
  socket.onopen = () => socket.send(new URLSearchParams(location.search).get("name") ?? "somebody");
  socket.onmessage = ({ data }) => show(data);
  socket.onclose = ({ code }) => show("closed: " + code);
  document.querySelector("form").onsubmit = (event) => {
    event.preventDefault();
    socket.send(event.target.text.value);
    event.target.reset();
  };
</script>`;

/** @param redis URL; `unix:///path` for a socket of Unix's */
async function serve(port: number, redis: string): Promise<void> {
  const names = new Map<WebSocket, string>();
  const publisher = createClient({ url: redis }).on("error", console.error);
  const subscriber = publisher.duplicate().on("error", console.error);
  await Promise.all([publisher.connect(), subscriber.connect()]);
  await subscriber.subscribe(CHANNEL, (text) => {
    for (const socket of names.keys()) socket.send(text);
  });
  const http = createServer((_request, response) => response.setHeader("Content-Type", "text/html").end(PAGE));
  const sockets = new WebSocketServer({ server: http });
  sockets.on("connection", (socket) => {
    socket.on("error", () => {});
    socket.on("close", () => names.delete(socket));
    socket.on("message", (data: Buffer) => {
      const name = names.get(socket);
      if (name === undefined) names.set(socket, data.toString());
      else void publisher.publish(CHANNEL, `${name}: ${data.toString()}`);
    });
  });
  http.listen(port, "127.0.0.1", () => {
    const address = http.address();
    console.log(`listening on ${typeof address === "object" ? address?.port : address}`);
  });
  process.once("SIGTERM", () => {
    http.close();
    for (const socket of sockets.clients) socket.close(GOING_AWAY, "restart");
    // What has been said last is in Redis before the end.
    sockets.close(() => void publisher.close().then(() => process.exit(0)));
  });
}

await serve(Number(process.argv[2] ?? "8000"), process.env["REDIS"] ?? "redis://127.0.0.1:6379");
