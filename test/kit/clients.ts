import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { TestContext } from "node:test";
import { WebSocket, type ClientOptions } from "ws";
import { lastly } from "./cleanup.ts";
import { until, within } from "./until.ts";

/** A message as it arrived. */
export interface Received {
  readonly data: Buffer;
  readonly isBinary: boolean;
}

/** A client made with `ws`, with what it has seen. */
export interface Client {
  readonly socket: WebSocket;
  /** The 101 (or the refusal) that it got. */
  readonly answer: IncomingMessage | undefined;
  readonly messages: readonly Received[];
  readonly errors: readonly Error[];
  /** The next message that was not asked for yet, as text. */
  next(): Promise<string>;
  /** Sends a text and gives the answer's text. */
  ask(text: string): Promise<string>;
  /** How it ended: the code that this client's program would see (1006: no Close came). */
  closed(): Promise<{ code: number; reason: string }>;
  /** Closes and waits until that is done. */
  bye(code?: number, reason?: string): Promise<{ code: number; reason: string }>;
}

export type ConnectOptions = ClientOptions & { readonly protocols?: readonly string[] };

interface Notes {
  answer: IncomingMessage | undefined;
  readonly messages: Received[];
  readonly errors: Error[];
  closed: { code: number; reason: string } | undefined;
  taken: number;
}

const watch = (socket: WebSocket): Notes => {
  const notes: Notes = { answer: undefined, messages: [], errors: [], closed: undefined, taken: 0 };
  socket.on("upgrade", (answer) => (notes.answer = answer));
  socket.on("error", (error) => notes.errors.push(error));
  socket.on("close", (code, reason) => (notes.closed = { code, reason: reason.toString() }));
  socket.on("message", (data: Buffer, isBinary) => notes.messages.push({ data, isBinary }));
  return notes;
};

const nextOf = async (notes: Notes): Promise<string> => {
  await until(() => notes.messages.length > notes.taken || notes.closed !== undefined, "a message");
  const message = notes.messages[notes.taken];
  if (message === undefined) throw new Error(`closed (${notes.closed?.code}) where a message was expected`);
  notes.taken += 1;
  return message.data.toString();
};

const clientOf = (socket: WebSocket, notes: Notes): Client => {
  const closed = async (): Promise<{ code: number; reason: string }> => {
    await until(() => notes.closed !== undefined, "the client is closed");
    return notes.closed ?? { code: 0, reason: "" };
  };
  return {
    socket,
    get answer() {
      return notes.answer;
    },
    messages: notes.messages,
    errors: notes.errors,
    next: () => nextOf(notes),
    ask(text) {
      socket.send(text);
      return nextOf(notes);
    },
    closed,
    bye(code = 1000, reason = "") {
      socket.close(code, reason);
      return closed();
    },
  };
};

/** Opens a WebSocket with `ws` (without compression unless asked for); broken off at the end of the test. */
export const openWs = async (t: TestContext, url: string, options: ConnectOptions = {}): Promise<Client> => {
  const { protocols = [], ...rest } = options;
  const socket = new WebSocket(url, [...protocols], { perMessageDeflate: false, maxPayload: 0, ...rest });
  lastly(t, () => void socket.terminate());
  const notes = watch(socket);
  await within(once(socket, "open"), `${url} opens`);
  return clientOf(socket, notes);
};

/** The status and headers with which an upgrade was refused, and the body. */
export const refusedWs = async (
  t: TestContext,
  url: string,
  options: ConnectOptions = {},
): Promise<{ status: number; headers: IncomingMessage["headers"]; body: string }> => {
  const { protocols = [], ...rest } = options;
  const socket = new WebSocket(url, [...protocols], { perMessageDeflate: false, ...rest });
  socket.on("error", () => undefined);
  lastly(t, () => void socket.terminate());
  const answer = await within(
    new Promise<IncomingMessage>((resolve, reject) => {
      socket.on("unexpected-response", (_request, response) => resolve(response));
      socket.on("open", () => {
        socket.terminate();
        reject(new Error(`${url} opened`));
      });
      socket.on("close", () => reject(new Error(`${url} was closed without an answer`)));
    }),
    `${url} is refused`,
  );
  let body = "";
  for await (const chunk of answer) body += String(chunk);
  socket.terminate();
  return { status: answer.statusCode ?? 0, headers: answer.headers, body };
};

/** Asks which backend the client's tunnel leads to. */
export const whose = (client: Client): Promise<string> => client.ask("who");
