import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";

import type { ListenerConfig } from "../config/index.ts";
import { responseHeadText } from "../http/index.ts";
import { discard, socketOf } from "../wire/index.ts";
import type { Accepted } from "../wire/index.ts";

import { linger } from "./linger.ts";

const STATUS = 503;

/** Ends connections for which there is no room, before anything of them has been read. */
export class TurnAway {
  private readonly leaving = new Set<Socket>();
  private readonly leavingMax: number;

  /** @param leavingMax connections that are told so at a time; those beyond are ended without a word */
  constructor(leavingMax: number) {
    this.leavingMax = leavingMax;
  }

  /** Answers 503, where that can be said without a TLS handshake. */
  refuse(accepted: Accepted, listener: ListenerConfig, retryAfter: string): void {
    if (listener.tls !== undefined || this.leaving.size >= this.leavingMax) {
      discard(accepted);
      return;
    }
    const socket = socketOf(accepted);
    this.leaving.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.leaving.delete(socket));
    const headers = ["Retry-After", retryAfter, "Connection", "close", "Content-Length", "0"];
    socket.end(responseHeadText(STATUS, STATUS_CODES[STATUS] ?? "", headers), "latin1");
    linger(socket);
  }

  /** Ends what has not gone yet. */
  stop(): void {
    for (const socket of this.leaving) socket.destroy();
  }
}
