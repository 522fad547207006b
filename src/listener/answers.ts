import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

interface OnConnection {
  /** Those before it leave first. */
  latest: ServerResponse;
  underWay: number;
}

/** The answers to plain requests that have not left yet. */
export class Answers {
  private readonly connections = new WeakMap<Socket, OnConnection>();
  private underWay = 0;
  private onAllSent: (() => void) | undefined;

  /** A request has come that will be answered. */
  begun(socket: Socket, response: ServerResponse): void {
    this.underWay += 1;
    const known = this.connections.get(socket);
    if (known === undefined) {
      this.connections.set(socket, { latest: response, underWay: 1 });
      // Answers that wait behind another one do not hear of the end of their connection.
      socket.once("close", () => this.left(socket, true));
    } else {
      known.latest = response;
      known.underWay += 1;
    }
    response.once("close", () => this.left(socket, false));
  }

  /** Whether an earlier request of the connection waits for its answer, or for the rest of it. */
  isUnderWay(socket: Socket): boolean {
    return (this.connections.get(socket)?.underWay ?? 0) > 0;
  }

  /** Whether anything written to the connection now could be taken for a part of an answer. */
  isInTheMiddle(socket: Socket): boolean {
    const latest = this.connections.get(socket)?.latest;
    // One without its socket waits behind another.
    return this.isUnderWay(socket) && (latest?.headersSent === true || latest?.socket === null);
  }

  /** Resolves when all have left. */
  allSent(): Promise<void> {
    return new Promise((resolve) => {
      this.onAllSent = resolve;
      this.check();
    });
  }

  private left(socket: Socket, all: boolean): void {
    const connection = this.connections.get(socket);
    if (connection === undefined || connection.underWay === 0) return;
    const count = all ? connection.underWay : 1;
    connection.underWay -= count;
    this.underWay -= count;
    this.check();
  }

  private check(): void {
    if (this.underWay === 0) this.onAllSent?.();
  }
}
