import type { Socket } from "node:net";
import { dial } from "../load/dial.ts";
import { upgradeRequest } from "../load/handshake.ts";
import type { Goal } from "../load/protocol.ts";
import { Answer } from "./answer.ts";
import { Peer } from "./peer.ts";

/** How a connection ended. */
export interface End {
  /** Code of the Close that came; undefined when none came. */
  readonly code: number | undefined;
  /** What the socket said, if anything. */
  readonly error: string | undefined;
}

/** What a client gets when nothing came in the time that it waited. */
export const LATE = "late";

/** A client's WebSocket, of which messages are taken one by one. */
export class Wire {
  readonly peer: Peer;
  readonly opened: Promise<void>;
  /** Who serves it; known once it is open. */
  backend = "";
  /** When it was open, since the epoch. */
  openedAt = 0;
  end: End | undefined;

  private readonly messages: Buffer[] = [];
  private code: number | undefined;
  private waker: (() => void) | undefined;
  private readonly hasOpened: { resolve(): void; reject(error: Error): void };

  /** @param target path and query of the handshake */
  constructor(goal: Goal, target: string) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.opened = promise;
    this.hasOpened = { resolve, reject };
    const socket = dial(goal, {
      opened: () => socket.write(upgradeRequest(target)),
      received: (bytes) => answer.receive(bytes),
      closed: (error) => this.closed(error),
    });
    this.peer = new Peer(socket, true, {
      message: (payload) => {
        this.messages.push(payload);
        this.wake();
      },
      close: (code) => {
        this.code = code ?? 1005;
      },
      broken: (reason) => socket.destroy(new Error(reason)),
    });
    const answer = new Answer(this.peer, {
      opened: (backend) => {
        this.backend = backend;
        this.openedAt = Date.now();
        resolve();
      },
      refused: (error) => {
        reject(error);
        socket.destroy();
      },
    });
  }

  get socket(): Socket {
    return this.peer.socket;
  }

  /** The next message; how it ended when there is none and will be none. */
  async next(patience: number): Promise<Buffer | End | typeof LATE> {
    const deadline = performance.now() + patience;
    for (;;) {
      const message = this.messages.shift();
      if (message !== undefined) return message;
      if (this.end !== undefined) return this.end;
      const left = deadline - performance.now();
      if (left <= 0) return LATE;
      await this.woken(left);
    }
  }

  /** How it ended; what still comes before is thrown away. */
  async over(patience: number): Promise<End | typeof LATE> {
    for (;;) {
      const next = await this.next(patience);
      if (!Buffer.isBuffer(next)) return next;
    }
  }

  private closed(error: Error | undefined): void {
    this.end = { code: this.code, error: error?.message };
    this.hasOpened.reject(error ?? new Error("the connection was closed before an answer"));
    this.wake();
  }

  private async woken(patience: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.waker = resolve;
    const timer = setTimeout(resolve, patience);
    await promise;
    clearTimeout(timer);
    this.waker = undefined;
  }

  private wake(): void {
    this.waker?.();
  }
}

/** How an end is told to people. */
export function endText(end: End | typeof LATE): string {
  if (end === LATE) return "did not end in time";
  return `ended with ${end.code ?? "no Close"}${end.error === undefined ? "" : ` (${end.error})`}`;
}
