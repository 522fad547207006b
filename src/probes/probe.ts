import { randomBytes } from "node:crypto";
import { request as requestPlain } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { request as requestSecure } from "node:https";
import type { Duplex } from "node:stream";

import type { Milliseconds } from "../base/index.ts";
import type { BackendConfig, PoolTls } from "../config/index.ts";
import type { FailureSignal } from "../health/index.ts";
import {
  acceptValue,
  CloseCode,
  closeFrame,
  controlFrame,
  FrameTracker,
  Opcode,
  Scan,
  newFrameSizes,
} from "../websocket/index.ts";

/** What a probe found: undefined when all is well. */
export interface ProbeFailure {
  readonly signal: FailureSignal;
  readonly reason: string;
}

/** What a probe asks. */
export interface ProbeOptions {
  readonly path: string;
  /** For connection, handshake, ping and pong together. */
  readonly timeout: Milliseconds;
}

const KEY_BYTES = 16;
const MASK_BYTES = 4;
const PING_PAYLOAD_BYTES = 8;

/**
 * Asks a backend whether it is well, as a client would: a WebSocket handshake, a ping, its pong, a Close.
 *
 * A backend that refuses the handshake with a status below 500 is alive and decides for itself: that is no failure.
 *
 * @param signal gives the probe up: its connection is dropped at once, and what it found means nothing
 */
export function probe(
  backend: BackendConfig,
  tls: PoolTls,
  options: ProbeOptions,
  signal: AbortSignal,
): Promise<ProbeFailure | undefined> {
  if (signal.aborted) return Promise.resolve(GIVEN_UP);
  return new Promise((resolve) => {
    const key = randomBytes(KEY_BYTES).toString("base64");
    const request = handshake(backend, tls, options, key);
    let over = false;
    let upgraded: Duplex | undefined;
    const finish = (failure: ProbeFailure | undefined): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      signal.removeEventListener("abort", giveUp);
      // Once upgraded the request has no hold on its connection any more; one that was well is closed in order.
      if (upgraded === undefined) request.destroy();
      else if (failure !== undefined) upgraded.destroy();
      resolve(failure);
    };
    const timer = setTimeout(
      () => finish({ signal: "heartbeat-timeout", reason: "no answer in time" }),
      options.timeout,
    );
    const giveUp = (): void => finish(GIVEN_UP);
    signal.addEventListener("abort", giveUp);
    request.on("error", (error) => finish({ signal: "dial-failed", reason: error.message }));
    request.on("response", (response) => finish(judgeRefusal(response)));
    request.on("upgrade", (response, socket, head) => {
      upgraded = socket;
      socket.on("error", () => finish({ signal: "unexpected-close", reason: "the connection broke" }));
      socket.on("close", () => finish({ signal: "unexpected-close", reason: "the connection was closed" }));
      if (response.headers["sec-websocket-accept"] !== acceptValue(key)) {
        finish({ signal: "protocol-error", reason: "a wrong Sec-WebSocket-Accept" });
        return;
      }
      pingOnce(socket, head, finish);
    });
    request.end();
  });
}

function handshake(backend: BackendConfig, tls: PoolTls, options: ProbeOptions, key: string): ClientRequest {
  const send = backend.secure ? requestSecure : requestPlain;
  return send(new URL(options.path, backend.url), {
    agent: false,
    headers: {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": key,
      "User-Agent": "fairlead-probe",
    },
    ...(backend.secure && { rejectUnauthorized: tls.verify }),
    ...(tls.ca !== undefined && { ca: tls.ca }),
    ...(tls.servername !== undefined && { servername: tls.servername }),
  });
}

function judgeRefusal(response: IncomingMessage): ProbeFailure | undefined {
  const status = response.statusCode ?? 0;
  return status >= 500 ? { signal: "dial-failed", reason: `it answered ${status}` } : undefined;
}

/** Sends a ping and waits for its pong; what else comes meanwhile is stepped over. */
function pingOnce(socket: Duplex, head: Uint8Array, finish: (failure: ProbeFailure | undefined) => void): void {
  const payload = randomBytes(PING_PAYLOAD_BYTES);
  const tracker = new FrameTracker({
    masked: false,
    deflate: false,
    foreignExtensions: false,
    messageBytesMax: Number.POSITIVE_INFINITY,
    sizes: newFrameSizes(),
    enforce: true,
  });
  const read = (bytes: Uint8Array): void => {
    const seen = findPong(tracker, bytes, payload);
    if (seen === "nothing") return;
    if (seen === "pong") {
      socket.end(closeFrame(CloseCode.normal, "", randomBytes(MASK_BYTES)), () => socket.destroy());
      finish(undefined);
      return;
    }
    finish(seen === "close" ? CLOSED : BROKEN);
  };
  socket.on("data", read);
  socket.write(controlFrame(Opcode.ping, payload, randomBytes(MASK_BYTES)));
  if (head.length > 0) read(head);
}

const GIVEN_UP: ProbeFailure = { signal: "dial-failed", reason: "the probe was given up" };
const CLOSED: ProbeFailure = { signal: "unexpected-close", reason: "it closed instead of answering a ping" };
const BROKEN: ProbeFailure = { signal: "protocol-error", reason: "it sent frames that are not valid" };

function findPong(tracker: FrameTracker, bytes: Uint8Array, payload: Buffer): "nothing" | "pong" | "close" | "broken" {
  for (let at = 0; ; at = tracker.at) {
    const found = tracker.scan(bytes, at);
    if (found === Scan.done) return "nothing";
    if (found === Scan.violation) return "broken";
    if (found !== Scan.control) continue;
    if (tracker.controlOpcode === Opcode.close) return "close";
    if (tracker.controlOpcode === Opcode.pong && payload.equals(tracker.controlPayload(bytes))) return "pong";
  }
}
