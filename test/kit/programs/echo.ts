/** An echo backend as a process of its own, to be killed and frozen. Says its port on the first line. */
import { WebSocketServer } from "ws";
import type { AddressInfo } from "node:net";

const [name = "child", port = "0"] = process.argv.slice(2);
const server = new WebSocketServer({ host: "127.0.0.1", port: Number(port), perMessageDeflate: false });
server.on("connection", (socket) => {
  socket.on("error", () => undefined);
  socket.on("message", (data, isBinary) => {
    const isQuestion = !isBinary && Buffer.isBuffer(data) && data.toString() === "who";
    socket.send(isQuestion ? name : data, { binary: isBinary });
  });
});
server.on("listening", () => {
  const { port: bound } = server.address() as AddressInfo; // a TCP server that listens has one
  process.stdout.write(`listening ${bound}\n`);
});
process.stdin.on("close", () => process.exit(0)).resume();
