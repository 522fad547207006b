import type { Socket } from "node:net";
import { PATIENCE } from "./until.ts";

/** How the other side's half of a connection ended: in order (FIN), or broken off (RST or another error). */
export type Ending = "fin" | "reset";

type Parser<T> = (bytes: Buffer) => { readonly value: T; readonly used: number } | undefined;

/** What a socket has received, to be taken piece by piece in the order in which it came. */
export interface Incoming {
  /** Takes the next thing that `parse` finds; waits for more bytes; fails when the stream ends before it is complete. */
  take<T>(parse: Parser<T>, what: string, patience?: number): Promise<T>;
  /** All that is there and has not been taken. */
  rest(): Buffer;
  /** How the stream ended, as soon as it has. */
  ending(patience?: number): Promise<Ending>;
  readonly ended: Ending | undefined;
}

interface Stream {
  chunks: Buffer[];
  ended: Ending | undefined;
  readonly wakers: Set<() => void>;
}

const wake = (stream: Stream): void => {
  for (const waker of stream.wakers) waker();
};

const listen = (socket: Socket, stream: Stream): void => {
  const end = (how: Ending): void => {
    stream.ended ??= how;
    wake(stream);
  };
  socket.on("data", (chunk: Buffer) => {
    stream.chunks.push(chunk);
    wake(stream);
  });
  socket.on("end", () => end("fin"));
  socket.on("error", () => end("reset"));
  socket.on("close", () => end("reset"));
};

const change = (stream: Stream, what: string, patience: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer);
      stream.wakers.delete(done);
      resolve();
    };
    const timer = setTimeout(() => {
      stream.wakers.delete(done);
      const held = Buffer.concat(stream.chunks);
      reject(
        new Error(`waited in vain for ${what}; held ${held.length} bytes: ${held.subarray(0, 80).toString("latin1")}`),
      );
    }, patience);
    stream.wakers.add(done);
  });

const takeOnce = <T>(stream: Stream, parse: Parser<T>): { value: T } | undefined => {
  const bytes = Buffer.concat(stream.chunks);
  stream.chunks = bytes.length === 0 ? [] : [bytes];
  const found = parse(bytes);
  if (found === undefined) return undefined;
  stream.chunks = found.used === bytes.length ? [] : [bytes.subarray(found.used)];
  return { value: found.value };
};

/** Starts to collect what the socket receives. */
export const incoming = (socket: Socket): Incoming => {
  const stream: Stream = { chunks: [], ended: undefined, wakers: new Set() };
  listen(socket, stream);
  return {
    async take(parse, what, patience = PATIENCE) {
      for (;;) {
        const taken = takeOnce(stream, parse);
        if (taken !== undefined) return taken.value;
        if (stream.ended !== undefined) throw new Error(`the connection ended (${stream.ended}) before ${what}`);
        await change(stream, what, patience);
      }
    },
    rest: () => Buffer.concat(stream.chunks),
    async ending(patience = PATIENCE) {
      while (stream.ended === undefined) await change(stream, "the end of the connection", patience);
      return stream.ended;
    },
    get ended() {
      return stream.ended;
    },
  };
};
