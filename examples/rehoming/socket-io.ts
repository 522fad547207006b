/**
 * A chat over socket.io with rooms: clients come by WebSocket alone, and Redis (or Valkey) carries what is said to all
 * servers.
 *
 *     node examples/rehoming/socket-io.ts 8000 &
 *     node examples/rehoming/socket-io.ts 8001 &
 *     npm start -- --config examples/rehoming/socket-io.yaml
 *
 * Open http://127.0.0.1:8080/?name=ann&room=red and others in several tabs, and kill one of the two. What goes on with another
 * server, and what does not, is in docs/rehoming.md.
 */
import { createServer } from "node:http";

import { createClient } from "@redis/client";
import { createAdapter } from "@socket.io/redis-adapter";
import { Server } from "socket.io";
import { z } from "zod";

/** A client's time runs from the last ping of its old server, and the new one's first comes an interval after it got there. */
const PING_INTERVAL = 10_000;
/** So this is longer than the interval, by more than the time without a server (`rehome.timeout`). */
const PING_TIMEOUT = 20_000;

const PAGE = `<!doctype html><meta charset="utf-8"><title>chat</title>
<form><input name="text" autofocus autocomplete="off"></form><ul></ul>
<script src="/socket.io/socket.io.js"></script>
<script>
  const show = (text) => document.querySelector("ul").append(Object.assign(document.createElement("li"), { textContent: text }));
  const query = new URLSearchParams(location.search);
  const auth = { name: query.get("name") ?? "somebody", room: query.get("room") ?? "lobby" };
  const socket = io({ transports: ["websocket"], auth });
  socket.on("said", show);
  socket.on("disconnect", (reason) => show("disconnect: " + reason));
  document.querySelector("form").onsubmit = (event) => {
    event.preventDefault();
    socket.emit("say", event.target.text.value);
    event.target.reset();
  };
</script>`;

const hello = z.object({ name: z.string(), room: z.string() });

/** @param redis URL; `unix:///path` for a socket of Unix's */
async function serve(port: number, redis: string): Promise<void> {
  const publisher = createClient({ url: redis }).on("error", console.error);
  const subscriber = publisher.duplicate().on("error", console.error);
  await Promise.all([publisher.connect(), subscriber.connect()]);
  const http = createServer((_request, response) => response.setHeader("Content-Type", "text/html").end(PAGE));
  const io = new Server(http, {
    transports: ["websocket"],
    adapter: createAdapter(publisher, subscriber),
    pingInterval: PING_INTERVAL,
    pingTimeout: PING_TIMEOUT,
  });
  io.on("connection", (socket) => {
    const { success, data } = hello.safeParse(socket.handshake.auth);
    if (!success) {
      socket.disconnect(true);
      return;
    }
    // A room that is joined here is joined again with every new server; one that an event asks for would be lost.
    void socket.join(data.room);
    socket.on("say", (text: unknown) => void io.to(data.room).emit("said", `${data.name}: ${String(text)}`));
  });
  http.listen(port, "127.0.0.1", () => {
    const address = http.address();
    console.log(`listening on ${typeof address === "object" ? address?.port : address}`);
  });
}

await serve(Number(process.argv[2] ?? "8000"), process.env["REDIS"] ?? "redis://127.0.0.1:6379");
