/**
 * A chat server that takes only what a page of chat.example.com would send, and answers connection_init unless it is mute;
 * beside it, at a port of its own and for those who know the token, a page that tells how it is. Says both ports on the
 * first line, and takes `mute`, `heard` or the status of the page as lines.
 */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer as createPlain } from "node:http";
import { createServer as createSecure } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { createInterface } from "node:readline";
import { WebSocketServer } from "ws";

const [name = "probed", port = "0", pagePort = "0"] = process.argv.slice(2);
const { CERT, KEY, TOKEN } = process.env;
let status = 200;
let isMute = false;

const listen = async (server: Server, at: string): Promise<number> => {
  server.listen(Number(at), "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port; // a TCP server that listens has one
};

const server =
  CERT === undefined || KEY === undefined
    ? createPlain()
    : createSecure({ cert: readFileSync(CERT), key: readFileSync(KEY) });
const sockets = new WebSocketServer({
  server,
  verifyClient: ({ origin }: { origin: string | undefined }) =>
    origin === undefined || origin === "https://chat.example.com",
  handleProtocols: (offered) => offered.has("graphql-transport-ws") && "graphql-transport-ws",
});
sockets.on("connection", (socket, { headers }) => {
  // A probe that is no page's is not answered.
  const isPage = headers.origin !== undefined && headers.host === "chat.example.com" && socket.protocol !== "";
  socket.on("error", () => undefined);
  socket.on("message", (data) => {
    const text = String(data);
    if (text === "who") socket.send(name);
    else if (text.includes("connection_init") && isPage && !isMute) socket.send('{"type":"connection_ack"}');
  });
});
const page = createPlain((request, response) => {
  const isAllowed = request.url === "/ready" && request.headers.authorization === `Bearer ${TOKEN}`;
  response.writeHead(isAllowed ? status : 401).end();
});

process.stdout.write(`listening ${await listen(server, port)} ${await listen(page, pagePort)}\n`);
createInterface({ input: process.stdin })
  .on("line", (line) => {
    if (line === "mute" || line === "heard") isMute = line === "mute";
    else status = Number(line);
  })
  .on("close", () => process.exit(0));
