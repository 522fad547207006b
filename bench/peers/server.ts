import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { Socket } from "node:net";
import { certificate, serverOptions, setting } from "./setting.ts";

/** node's own server before a proxy that comes as two functions. */
export function serve(
  onRequest: RequestListener,
  onUpgrade: (request: IncomingMessage, socket: Socket, head: Buffer) => void,
): void {
  const tls = certificate();
  const server =
    tls === undefined
      ? createServer(serverOptions, onRequest)
      : createTlsServer({ ...serverOptions, ...tls }, onRequest);
  server.on("upgrade", (request, socket, head) => {
    if (!(socket instanceof Socket)) return;
    // Without it a client's reset during the handshake would end the whole process.
    socket.on("error", () => socket.destroy());
    onUpgrade(request, socket, head);
  });
  server.listen(setting.port, "127.0.0.1");
}
