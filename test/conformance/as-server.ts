import { WebSocket as Ws } from "ws";
import type { TestContext } from "node:test";
import { OPCODE } from "../kit/frames.ts";
import { startRaw, type RawBackend, type RawPeer } from "../kit/raw.ts";
import { switchingHead } from "../kit/heads.ts";
import { until } from "../kit/until.ts";
import { shown } from "./as-client.ts";
import { piecesOf, type Case, type Verdict } from "./case.ts";

/** The cases that the backend plays, by the path for which a client asks. */
export const targetOf = (at: number): string => `/case/${at}`;

const hearClose = async (peer: RawPeer): Promise<void> => {
  for (let opcode = -1; opcode !== OPCODE.close;) ({ opcode } = await peer.frame("a Close"));
};

const play = async (cases: readonly Case[], peer: RawPeer): Promise<void> => {
  const request = await peer.head();
  const one = cases[Number(request.first.split(" ")[1]?.split("/").at(-1))];
  if (one === undefined) return;
  const head = Buffer.from(switchingHead(request, { "Sec-WebSocket-Extensions": one.offer }));
  const [first = Buffer.alloc(0), ...others] = piecesOf(one, false);
  peer.write(Buffer.concat([head, first]));
  for (const piece of others) {
    if (!peer.socket.writable) return;
    peer.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await hearClose(peer);
  peer.half();
};

/** A backend that plays a case to whoever asks for it, and does not care for what comes back but a Close. */
export const startActor = (t: TestContext, cases: readonly Case[]): Promise<RawBackend> =>
  startRaw(t, (peer) => {
    peer.socket.on("end", () => peer.half());
    return play(cases, peer);
  });

/** What a client program sees of a case that the server plays. */
export type PlayAsServer = (url: string) => Promise<Verdict>;

/** With `ws`, which offers permessage-deflate. */
export const watchWithWs: PlayAsServer = async (url) => {
  const messages: string[] = [];
  let code: number | undefined;
  const socket = new Ws(url);
  socket.on("error", () => undefined);
  socket.on("message", (data: Buffer, isBinary) => messages.push(shown(isBinary ? "binary" : "text", data)));
  socket.on("ping", (data: Buffer) => messages.push(shown("ping", data)));
  socket.on("pong", (data: Buffer) => messages.push(shown("pong", data)));
  socket.on("close", (closed: number) => (code = closed));
  await until(() => code !== undefined, `${url} ends`);
  return { messages, close: code ?? "none" };
};

/** With the WebSocket that Node brings, which offers permessage-deflate and shows no pings. */
export const watchWithNode: PlayAsServer = async (url) => {
  const messages: string[] = [];
  let code: number | undefined;
  const socket = new WebSocket(url);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("error", () => undefined);
  socket.addEventListener("message", ({ data }: { readonly data: unknown }) => {
    if (data instanceof ArrayBuffer) messages.push(shown("binary", Buffer.from(data)));
    else messages.push(shown("text", Buffer.from(String(data))));
  });
  socket.addEventListener("close", (event) => (code = event.code));
  await until(() => code !== undefined, `${url} ends`);
  return { messages, close: code ?? "none" };
};
