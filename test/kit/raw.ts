import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";
import assert from "node:assert/strict";
import { lastly } from "./cleanup.ts";
import { closeCode, closePayload, frame, OPCODE, readFrame, type Frame, type FrameParts } from "./frames.ts";
import { readHead, switchingHead, upgradeHead, type HeaderLines, type WireHead } from "./heads.ts";
import { incoming, type Ending, type Incoming } from "./incoming.ts";
import { within } from "./until.ts";

/** One end of a TCP connection whose every byte the test writes and reads itself. */
export interface RawPeer {
  readonly socket: Socket;
  readonly received: Incoming;
  write(bytes: Uint8Array | string): void;
  /** Sends frames, masked if this end is a client. */
  send(...frames: readonly FrameParts[]): void;
  text(payload: string): void;
  close(code?: number, reason?: string): void;
  head(): Promise<WireHead>;
  frame(what?: string): Promise<Frame>;
  /** The next frame, which must be a whole text message. */
  expectText(payload: string): Promise<void>;
  /** The next frame, which must be a Close with this code (1005: without one). Gives its reason. */
  expectClose(code: number): Promise<string>;
  /** The other side's end of the stream, with nothing before it. Answers it with our own. */
  expectEnd(how?: Ending): Promise<Ending>;
  /** The other side's end of the stream, whatever came before it. Answers it with our own. */
  farewell(): Promise<Ending>;
  /** Ends our half only. */
  half(): void;
  /** Breaks the connection off with a RST. */
  reset(): void;
}

const expectClose = async (peer: RawPeer, code: number): Promise<string> => {
  const close = await peer.frame(`a Close with ${code}`);
  assert.equal(close.opcode, OPCODE.close, `expected a Close ${code}, got opcode ${close.opcode} "${close.payload}"`);
  assert.equal(closeCode(close), code, `reason "${close.payload.subarray(2)}"`);
  return close.payload.subarray(2).toString();
};

/** Makes a peer of a connected socket. */
export const rawPeer = (socket: Socket, isClient: boolean): RawPeer => {
  socket.setNoDelay(true);
  const received = incoming(socket);
  const peer: RawPeer = {
    socket,
    received,
    write: (bytes) => void socket.write(bytes),
    send: (...frames) => void socket.write(Buffer.concat(frames.map((parts) => frame({ mask: isClient, ...parts })))),
    text: (payload) => peer.send({ opcode: OPCODE.text, payload }),
    close: (code, reason) => peer.send({ opcode: OPCODE.close, payload: closePayload(code, reason) }),
    head: () => received.take(readHead, "a head"),
    frame: (what = "a frame") => received.take(readFrame, what),
    async expectText(payload) {
      const got = await peer.frame(`the text "${payload}"`);
      assert.deepEqual([got.opcode, got.payload.toString()], [OPCODE.text, payload]);
    },
    expectClose: (code) => expectClose(peer, code),
    async expectEnd(how) {
      const ending = await peer.farewell();
      assert.equal(received.rest().toString("latin1"), "", "nothing may come before the end");
      if (how !== undefined) assert.equal(ending, how);
      return ending;
    },
    async farewell() {
      const ending = await received.ending();
      socket.end();
      return ending;
    },
    half: () => void socket.end(),
    // Behind our own FIN a reset fails, and leaves the handle open.
    reset: () => void (socket.writableEnded ? socket.destroy() : socket.resetAndDestroy()),
  };
  return peer;
};

/** A TCP connection to a local port, closed at the end of the test. */
export const rawConnect = async (t: TestContext, port: number, localAddress?: string): Promise<RawPeer> => {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, ...(localAddress ? { localAddress } : {}) });
  lastly(t, () => void socket.destroy());
  const peer = rawPeer(socket, true);
  await once(socket, "connect");
  return peer;
};

/** A raw client whose handshake is done. `early` is written in the same segment as the request. */
export const rawClient = async (
  t: TestContext,
  port: number,
  options: { target?: string; headers?: HeaderLines; early?: Uint8Array } = {},
): Promise<RawPeer & { readonly answer: WireHead }> => {
  const peer = await rawConnect(t, port);
  const request = Buffer.from(upgradeHead(options.target, options.headers), "latin1");
  peer.write(Buffer.concat([request, options.early ?? Buffer.alloc(0)]));
  const answer = await peer.head();
  assert.equal(answer.status, 101, answer.first);
  return Object.assign(peer, { answer });
};

/** A TCP server whose every connection is handled by the test. */
export interface RawBackend {
  readonly url: string;
  readonly port: number;
  readonly peers: readonly RawPeer[];
  /** The next connection that nobody has taken yet. */
  peer(): Promise<RawPeer>;
  /** The next connection, with its upgrade answered by a good 101. */
  upgraded(headers?: HeaderLines): Promise<RawPeer & { readonly request: WireHead }>;
  close(): Promise<void>;
}

const stop = async (server: Server, peers: readonly RawPeer[]): Promise<void> => {
  for (const peer of peers) peer.socket.destroy();
  if (!server.listening) return;
  server.close();
  await once(server, "close");
};

const upgrade = async (peer: RawPeer, headers?: HeaderLines): Promise<RawPeer & { readonly request: WireHead }> => {
  const request = await peer.head();
  peer.write(switchingHead(request, headers));
  return Object.assign(peer, { request });
};

/** Starts a raw backend. With a script, every connection is played by it instead of being handed out. */
export const startRaw = async (
  t: TestContext,
  script?: (peer: RawPeer) => void | Promise<void>,
): Promise<RawBackend> => {
  const peers: RawPeer[] = [];
  let handed = 0;
  const server = createServer({ allowHalfOpen: true });
  const waiting: (() => void)[] = [];
  server.on("connection", (socket) => {
    const peer = rawPeer(socket, false);
    peers.push(peer);
    lastly(t, () => void socket.destroy());
    for (const waker of waiting.splice(0)) waker();
    void Promise.resolve(script?.(peer)).catch(() => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  lastly(t, () => stop(server, peers));
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const peer = async (): Promise<RawPeer> => {
    while (handed >= peers.length)
      await within(new Promise<void>((resolve) => waiting.push(resolve)), "a connection to the raw backend");
    const next = peers[handed];
    handed += 1;
    assert.ok(next);
    return next;
  };
  const upgraded = async (headers?: HeaderLines): Promise<RawPeer & { readonly request: WireHead }> =>
    upgrade(await peer(), headers);
  return { url: `ws://127.0.0.1:${port}`, port, peers, peer, upgraded, close: () => stop(server, peers) };
};
