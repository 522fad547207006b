import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";

import { responseHeadText } from "../http/index.ts";

import type { Answers } from "./answers.ts";
import { linger } from "./linger.ts";

/**
 * A connection sent something that is no request.
 *
 * @param status what it was told; 0 when it could not be told anything
 * @param alone whether no request is under way on the connection, whose own record will tell how it ended
 */
export type OnBadRequest = (socket: Socket, status: number, reason: string, alone: boolean) => void;

/** What Node's parser calls its complaints, and the status that answers them. Everything else is 400. */
const STATUS_OF: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};
/** The connection's end in the middle of a request. */
const ENDED_EARLY = "HPE_INVALID_EOF_STATE";
/** OpenSSL's and Node's names of TLS handshakes that failed: there is no connection yet on which to answer. */
const TLS_FAILURE = /^ERR_SSL|^ERR_TLS|^EPROTO$/;
/** Answers what is no request that could be handled, and ends its connection. */
export class Refusals {
  private readonly onBadRequest: OnBadRequest;
  private readonly refused = new WeakSet<Socket>();
  private readonly answers: Answers;

  constructor(answers: Answers, onBadRequest: OnBadRequest) {
    this.answers = answers;
    this.onBadRequest = onBadRequest;
  }

  /** What Node's parser complains about. Comes again whenever a refused client goes on sending. */
  parserFailed(error: NodeJS.ErrnoException, socket: Socket): void {
    if (this.refused.has(socket)) return;
    const code = error.code ?? "";
    const brokeOff = code === "ECONNRESET" || (code === "HPE_INVALID_EOF_STATE" && this.answers.isUnderWay(socket));
    if (brokeOff || TLS_FAILURE.test(code) || !socket.writable) {
      socket.destroy();
      return;
    }
    if (code === ENDED_EARLY && this.answers.isUnderWay(socket)) {
      // A client that breaks off its upload: its request is under way, and tells of it.
      socket.destroy();
      return;
    }
    this.refuse(socket, STATUS_OF[code] ?? 400);
  }

  refuse(socket: Socket, status: number): void {
    const reason = STATUS_CODES[status] ?? "";
    const alone = !this.answers.isUnderWay(socket);
    this.refused.add(socket);
    socket.on("error", () => socket.destroy());
    if (this.answers.isInTheMiddle(socket)) {
      // In the middle of another answer a status would be taken for a part of it.
      socket.destroy();
      this.onBadRequest(socket, 0, reason, alone);
      return;
    }
    const allow = status === 405 ? ["Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"] : [];
    socket.end(responseHeadText(status, reason, [...allow, "Connection", "close", "Content-Length", "0"]), "latin1");
    linger(socket);
    this.onBadRequest(socket, status, reason, alone);
  }
}
