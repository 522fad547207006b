import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket, TcpNetConnectOpts } from "node:net";
import type { TestContext } from "node:test";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import type { ConnectionOptions, SecureVersion, TLSSocket } from "node:tls";
import { certificateFor } from "../kit/certs.ts";
import { lastly } from "../kit/cleanup.ts";
import { rawPeer } from "../kit/raw.ts";
import type { RawPeer } from "../kit/raw.ts";

/** The two ends of an open connection. */
export interface Ends {
  /** The end that is to become a leg. */
  readonly socket: Socket;
  readonly peer: RawPeer;
  /** What the peer's bytes go over: for TLS the connection beneath. */
  readonly beneath: Socket;
  /** The server that our end came from, if it did not connect itself. */
  readonly server: Server | undefined;
}

/** A kind of connection that a leg may be made of. */
export interface Wire {
  readonly name: string;
  readonly tls: boolean;
  open(t: TestContext): Promise<Ends>;
}

const HOST = "127.0.0.1";

/** Lets a server listen until the end of the test; gives its port. */
export const listening = async (t: TestContext, server: Server): Promise<number> => {
  server.listen(0, HOST);
  await once(server, "listening");
  lastly(t, async () => {
    server.close();
    await once(server, "close");
  });
  return (server.address() as AddressInfo).port; // a TCP server that listens has one
};

const dialled = async (t: TestContext, port: number): Promise<Socket> => {
  const socket = connect({ port, host: HOST, allowHalfOpen: true });
  lastly(t, () => void socket.destroy());
  await once(socket, "connect");
  return socket;
};

const plain: Wire = {
  name: "tcp",
  tls: false,
  async open(t) {
    const server = createServer({ allowHalfOpen: true });
    const port = await listening(t, server);
    const accepted = once(server, "connection");
    const socket = await dialled(t, port);
    const [beneath] = (await accepted) as [Socket];
    lastly(t, () => void beneath.destroy());
    return { socket, peer: rawPeer(beneath, false), beneath, server: undefined };
  },
};

/** A TLS server of one version. */
export const secureServer = (version: SecureVersion): Server => {
  const { cert, key } = certificateFor(["localhost"]);
  return createTlsServer({ cert, key, allowHalfOpen: true, minVersion: version, maxVersion: version });
};

/** Something in the middle of the way, since a connection that TLS has taken over cannot be reset; gives its port. */
const between = async (t: TestContext, port: number, met: (towardsServer: Socket) => void): Promise<number> => {
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port, host: HOST, allowHalfOpen: true });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.pipe(to);
      from.on("error", () => to.destroy());
      lastly(t, () => void from.destroy());
    }
    met(far);
  });
  return listening(t, server);
};

/** What the server's engine still has to say of the handshake leaves in this turn of the event loop. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/** Our end is the server's, as with clients. */
const toClient = (version: SecureVersion): Wire => ({
  name: `${version} to a client`,
  tls: true,
  async open(t) {
    const server = secureServer(version);
    const port = await listening(t, server);
    const secured = once(server, "secureConnection");
    let towardsUs: Socket | undefined;
    const beneath = await dialled(
      t,
      await between(t, port, (socket) => {
        towardsUs = socket;
      }),
    );
    const client = connectTls({ socket: beneath, rejectUnauthorized: false });
    lastly(t, () => void client.destroy());
    const [socket] = (await secured) as [TLSSocket];
    lastly(t, () => void socket.destroy());
    await settled();
    const peer = { ...rawPeer(client, true), reset: () => void towardsUs?.resetAndDestroy() };
    return { socket, peer, beneath, server };
  },
});

/** Our end is the one that has connected, as with backends. */
const toBackend = (version: SecureVersion): Wire => ({
  name: `${version} to a backend`,
  tls: true,
  async open(t) {
    const server = secureServer(version);
    const port = await listening(t, server);
    const accepted = once(server, "connection");
    const secured = once(server, "secureConnection");
    // Node's types do not know that the options of a plain connection may stand here as well.
    const options: ConnectionOptions & TcpNetConnectOpts = { port, host: HOST, rejectUnauthorized: false };
    const socket = connectTls({ ...options, allowHalfOpen: true } as ConnectionOptions);
    lastly(t, () => void socket.destroy());
    const opened = once(socket, "secureConnect");
    const [beneath] = (await accepted) as [Socket];
    const [accepter] = (await secured) as [TLSSocket];
    lastly(t, () => void accepter.destroy());
    await opened;
    assert.equal(socket.getProtocol(), version);
    await settled();
    const peer = { ...rawPeer(accepter, false), reset: () => void beneath.resetAndDestroy() };
    return { socket, peer, beneath, server: undefined };
  },
});

/** Every kind that there is. */
export const WIRES: readonly Wire[] = [
  plain,
  toClient("TLSv1.3"),
  toBackend("TLSv1.3"),
  toClient("TLSv1.2"),
  toBackend("TLSv1.2"),
];
