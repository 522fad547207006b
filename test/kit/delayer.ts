import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { lastly } from "./cleanup.ts";

/** A stretch of network before a server, as slow as it is told to be. */
export interface Delayer {
  readonly url: string;
  readonly port: number;
  /** How long each piece takes that comes from now on, in each direction, in milliseconds. */
  delay: number;
}

/** Passes bytes on, each piece after the delay of the moment at which it came. */
const pass = (from: Socket, to: Socket, delayer: Delayer): void => {
  const later = (act: () => void): void => void setTimeout(() => to.destroyed || act(), delayer.delay).unref();
  from.on("data", (bytes) => later(() => void to.write(bytes)));
  from.on("end", () => later(() => void to.end()));
  from.on("close", () => later(() => void to.destroy()));
  from.on("error", () => undefined);
};

/** Starts a slow way to a local port. */
export const startDelayer = async (t: TestContext, target: number, delay: number): Promise<Delayer> => {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const behind = connect({ port: target, host: "127.0.0.1", allowHalfOpen: true });
    for (const socket of [client, behind]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.once("close", () => sockets.delete(socket));
    }
    pass(client, behind, delayer);
    pass(behind, client, delayer);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const delayer: Delayer = { url: `ws://127.0.0.1:${port}`, port, delay };
  lastly(t, async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  });
  return delayer;
};
