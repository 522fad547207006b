import { createServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { answerCalls } from "../load/answering.ts";
import { acceptOf } from "../load/handshake.ts";
import { compareMessage } from "../soak/messages.ts";
import { Peer } from "../soak/peer.ts";
import { BACKEND_HEADER } from "../soak/protocol.ts";
import { makeMessage, OWN } from "./messages.ts";
import type { BackendReport, BackendSide, Fault, HourBackendCalls } from "./protocol.ts";
import { takeTurns } from "./turns.ts";

/** A backend of the hour, a process of its own: it echoes, says numbered messages of its own, and keeps count of each tunnel. */

/** One tunnel. */
interface Talk {
  readonly id: number;
  readonly peer: Peer;
  received: number;
  echoed: number;
  said: number;
  told: number | null;
  /** An echo that is to go out behind the next one, which is wrong. */
  held: Buffer | undefined;
}

const COMPLAINTS_MAX = 20;
const open = new Set<Talk>();
let speaking: readonly Talk[] = [];
let over: BackendSide[] = [];
let complaints: string[] = [];
let fault: Fault | undefined;
let name = "";

function serve(request: IncomingMessage, socket: Socket, head: Buffer): void {
  const accept = acceptOf(request.headers["sec-websocket-key"] ?? "");
  const lines = ["Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`];
  socket.setNoDelay(true);
  socket.on("error", () => socket.destroy());
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n${BACKEND_HEADER}: ${name}\r\n\r\n`);
  const talk = begin(socket, Number(/^\/talk\/(\d+)/.exec(request.url ?? "")?.[1] ?? 0));
  if (head.length > 0) talk.peer.receive(head);
  socket.on("data", (bytes: Buffer) => talk.peer.receive(bytes));
  socket.on("end", () => socket.end());
  socket.on("close", () => finish(talk));
}

function begin(socket: Socket, id: number): Talk {
  const peer = new Peer(socket, false, {
    message: (payload) => take(talk, payload),
    close() {
      talk.told ??= Date.now();
      quiet(talk);
      socket.end();
    },
    broken(reason) {
      complain(`tunnel ${id}: ${reason}`);
      socket.destroy();
    },
  });
  const talk: Talk = { id, peer, received: 0, echoed: 0, said: 0, told: null, held: undefined };
  open.add(talk);
  speaking = [...open];
  return talk;
}

function take(talk: Talk, payload: Buffer): void {
  const problem = compareMessage(payload, makeMessage(talk.id, talk.received));
  if (problem !== undefined) complain(`tunnel ${talk.id}: ${problem}`);
  talk.received += 1;
  const wrong = fault;
  fault = undefined;
  if (wrong === "swap") talk.held = payload;
  if (wrong === "swap" || wrong === "lose") return;
  echo(talk, payload);
  if (wrong === "double") talk.peer.send(payload);
  if (talk.held !== undefined) echo(talk, talk.held);
  talk.held = undefined;
}

function echo(talk: Talk, payload: Buffer): void {
  talk.peer.send(payload);
  talk.echoed += 1;
}

function say(talk: Talk): void {
  if (talk.told !== null) return;
  talk.peer.send(makeMessage(talk.id + OWN, talk.said));
  talk.said += 1;
}

/** Nothing is said behind a Close. */
function quiet(talk: Talk): void {
  if (open.delete(talk)) speaking = [...open];
}

function finish(talk: Talk): void {
  quiet(talk);
  const { id, received, echoed, said, told } = talk;
  over.push({ id, received, echoed, said, told });
}

function complain(text: string): void {
  if (complaints.length < COMPLAINTS_MAX) complaints.push(`${name}: ${text}`);
}

const calls: HourBackendCalls = {
  async listen(args) {
    ({ name } = args);
    const server = createServer((_, response) => response.end());
    server.on("upgrade", (request, socket, head) => serve(request, socket as Socket, head)); // no custom socket
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.once("error", reject);
    server.listen(args.port, "127.0.0.1", 1024, resolve);
    await promise;
    takeTurns(() => speaking, args.rate, say);
  },

  async report() {
    const report: BackendReport = { sides: over, complaints };
    over = [];
    complaints = [];
    return report;
  },

  async fault(args) {
    ({ fault } = args);
  },
};

answerCalls(calls);
