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
import { connect } from "node:net";
import type { Socket } from "node:net";

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

/** One command in Redis's protocol. */
function command(...words: string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}

/** Calls back for every message of the channel. Each comes as an array of `message`, the channel, and what was said. */
function subscribe(redis: Socket, heard: (text: string) => void): void {
  let rest = Buffer.alloc(0);
  redis.on("data", (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    for (;;) {
      const head = /^\*3\r\n\$7\r\nmessage\r\n\$\d+\r\n[^\r]*\r\n\$(\d+)\r\n/.exec(rest.toString("latin1"));
      if (head === null) break;
      const [{ length }, size] = head;
      const end = length + Number(size) + 2;
      if (rest.length < end) return;
      heard(rest.subarray(length, end - 2).toString());
      rest = rest.subarray(end);
    }
    // The answer to SUBSCRIBE is of no interest.
    if (rest.toString("latin1").startsWith("*3\r\n$9\r\nsubscribe")) rest = Buffer.alloc(0);
  });
  redis.write(command("SUBSCRIBE", CHANNEL));
}

/** @param redis port, or path of a socket */
function serve(port: number, redis: string): void {
  const names = new Map<WebSocket, string>();
  const publisher = connect(redis).resume();
  const subscriber = connect(redis);
  subscribe(subscriber, (text) => {
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
      else publisher.write(command("PUBLISH", CHANNEL, `${name}: ${data.toString()}`));
    });
  });
  http.listen(port, "127.0.0.1", () => {
    const address = http.address();
    console.log(`listening on ${typeof address === "object" ? address?.port : address}`);
  });
  process.once("SIGTERM", () => {
    http.close();
    for (const socket of sockets.clients) socket.close(GOING_AWAY, "restart");
    sockets.close(() => process.exit(0));
  });
}

serve(Number(process.argv[2] ?? "8000"), process.env["REDIS"] ?? "6379");
