// An echo server, three of which stand behind fairlead in compose.yaml. It answers GET with its name, begins each socket with
// it, and on SIGTERM ends all sockets with 1001.
import { createServer } from "node:http";
import { hostname } from "node:os";
import { WebSocketServer } from "ws";

const name = process.env.NAME ?? hostname();
const port = Number(process.env.PORT ?? 8000);

const server = createServer((_request, response) => {
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
  response.end(`this is ${name}\n`);
});
const sockets = new WebSocketServer({ server });

sockets.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.send(`this is ${name}`);
});
server.listen(port, () => process.stdout.write(`${name} listens at ${server.address().port}\n`));

process.once("SIGTERM", () => {
  server.close();
  for (const socket of sockets.clients) socket.close(1001, `${name} is going away`);
});
