import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";

import type { ActiveOptions, Expectation } from "../health/index.ts";
import {
  CloseCode,
  closeFrame,
  controlFrame,
  FrameTracker,
  Opcode,
  Scan,
  newFrameSizes,
  verifyUpgrade,
} from "../websocket/index.ts";

import { ENDLESS, judgeAnswers } from "./expectation.ts";
import type { ProbeKind, ProbeWork } from "./finding.ts";
import { Messages } from "./messages.ts";
import { requestOf } from "./request.ts";
import type { Asking } from "./request.ts";
import { textFrame } from "./text-frame.ts";

type Question = Asking &
  Pick<ActiveOptions & { kind: "websocket" }, "subprotocol" | "send" | "expect"> & {
    /** Whether a backend that refuses the handshake with a status below 500 is well: it lives, and decides for itself. */
    readonly mayRefuse?: boolean;
  };

const KEY_BYTES = 16;
const MASK_BYTES = 4;
const PING_PAYLOAD_BYTES = 8;

/** What an ordinary client does: a handshake, a message where one is asked for, a ping and its pong, a Close. */
export const websocket: ProbeKind<Question> = (work) => {
  const key = randomBytes(KEY_BYTES).toString("base64");
  const begun = performance.now();
  const request = requestOf(work, handshake(key, work.question.subprotocol));
  let upgraded: Duplex | undefined;
  request.on("error", (error) => work.fail("dial-failed", error.message));
  request.on("response", (response) => judgeRefusal(work, response, begun));
  request.on("upgrade", (response, socket, head) => {
    upgraded = socket;
    socket.on("error", () => work.fail("unexpected-close", "the connection broke"));
    socket.on("close", () => work.fail("unexpected-close", "the connection was closed"));
    work.tellLoad(response.rawHeaders);
    const problem = problemOf(response, key, work.question.subprotocol);
    if (problem === undefined) new Talk(work, socket).begin(head);
    else work.fail("protocol-error", problem);
  });
  request.end();
  return (passed) => {
    // Once upgraded the request has no hold on its connection any more; one that was well is closed in order.
    if (upgraded === undefined) request.destroy();
    else if (passed) upgraded.end(closeFrame(CloseCode.normal, "", randomBytes(MASK_BYTES)), () => upgraded?.destroy());
    else upgraded.destroy();
  };
};

function handshake(key: string, subprotocol: string | undefined): Record<string, string> {
  return {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": key,
    ...(subprotocol !== undefined && { "Sec-WebSocket-Protocol": subprotocol }),
  };
}

function judgeRefusal(
  { question, tellLoad, pass, fail }: ProbeWork<Question>,
  response: IncomingMessage,
  begun: number,
) {
  const status = response.statusCode ?? 0;
  tellLoad(response.rawHeaders);
  if (question.mayRefuse === true && status < 500) pass(performance.now() - begun);
  else fail("dial-failed", `it answered ${status}`);
}

/** The 101 is judged as that of a tunnel is. */
function problemOf(response: IncomingMessage, key: string, subprotocol: string | undefined): string | undefined {
  const { statusCode = 0, statusMessage = "", httpVersion, rawHeaders } = response;
  const head = { version: httpVersion, status: statusCode, reason: statusMessage, headers: rawHeaders };
  const protocols = subprotocol === undefined ? [] : [subprotocol];
  const verified = verifyUpgrade({ key, protocols, extensions: [] }, head);
  if (!verified.ok) return verified.reason;
  return verified.protocol === subprotocol ? undefined : "it does not take the subprotocol";
}

/** What is said once the WebSocket is open. */
class Talk {
  private readonly work: ProbeWork<Question>;
  private readonly socket: Duplex;
  private readonly payload = randomBytes(PING_PAYLOAD_BYTES);
  private readonly messages = new Messages();
  private readonly expect: Expectation | undefined;
  private pingedAt = 0;
  private rttMs: number | undefined;
  private isAnswered: boolean;
  private readonly tracker = new FrameTracker({
    masked: false,
    deflate: false,
    foreignExtensions: false,
    messageBytesMax: Number.POSITIVE_INFINITY,
    sizes: newFrameSizes(),
    enforce: true,
  });

  constructor(work: ProbeWork<Question>, socket: Duplex) {
    this.work = work;
    this.socket = socket;
    this.expect = work.question.expect;
    this.isAnswered = this.expect === undefined;
  }

  /** @param head what came right behind the 101 */
  begin(head: Uint8Array): void {
    const { send } = this.work.question;
    this.socket.on("data", (bytes: Uint8Array) => this.read(bytes));
    if (send !== undefined) this.socket.write(textFrame(send, randomBytes(MASK_BYTES)));
    this.pingedAt = performance.now();
    this.socket.write(controlFrame(Opcode.ping, this.payload, randomBytes(MASK_BYTES)));
    if (head.length > 0) this.read(head);
  }

  /** What comes besides the pong and the answer is stepped over. */
  private read(bytes: Uint8Array): void {
    if (!this.scan(bytes)) return;
    const { expect } = this;
    // The tracker has seen to it that these are frames.
    if (expect !== undefined && !this.isAnswered && !this.hear(expect, bytes)) return;
    if (this.rttMs !== undefined && this.isAnswered) this.work.pass(this.rttMs);
  }

  /** Looks for the answer. @returns false when nothing more is to be read */
  private hear(expect: Expectation, bytes: Uint8Array): boolean {
    const verdict = judgeAnswers(expect, this.messages.read(bytes));
    if (verdict === "endless") this.work.fail("dial-failed", ENDLESS);
    this.isAnswered = verdict === "holds";
    return verdict !== "endless";
  }

  /** Looks for the pong. @returns false when nothing more is to be read */
  private scan(bytes: Uint8Array): boolean {
    const { tracker } = this;
    for (let at = 0; ; at = tracker.at) {
      const found = tracker.scan(bytes, at);
      if (found === Scan.done) return true;
      if (found === Scan.violation) {
        this.work.fail("protocol-error", "it sent frames that are not valid");
        return false;
      }
      if (found !== Scan.control) continue;
      if (tracker.controlOpcode === Opcode.close) {
        this.work.fail("unexpected-close", "it closed instead of answering a ping");
        return false;
      }
      const isPong = tracker.controlOpcode === Opcode.pong && this.payload.equals(tracker.controlPayload(bytes));
      if (isPong) this.rttMs ??= performance.now() - this.pingedAt;
    }
  }
}
