import { connect as connectTls } from "node:tls";
import type { SecureContext } from "node:tls";

import { FairleadError } from "../base/index.ts";
import type { Milliseconds, Wheel, WheelEntry } from "../base/index.ts";
import { createBodyScanner, findHeadEnd, MAX_RESPONSE_HEAD_SIZE, parseResponseHead } from "../http/index.ts";
import type { BodyScanner, ResponseHead } from "../http/index.ts";
import { StreamLeg } from "../wire/index.ts";
import type { ConnectListener, Leg, LegDriver } from "../wire/index.ts";
import { verifyUpgrade } from "../websocket/index.ts";
import type { UpgradeRequest } from "../websocket/index.ts";

import { connectionError } from "./dial-errors.ts";
import type { Agreement } from "./tunnel.ts";

/** Where and how to dial one backend. */
export interface DialTarget {
  /** The backend's name, for messages. */
  readonly name: string;
  readonly hostname: string;
  readonly port: number;
  /** Undefined: plain TCP. */
  readonly tls: DialTls | undefined;
}

/** TLS towards a backend. */
export interface DialTls {
  readonly secureContext: SecureContext;
  /** Whether a certificate that cannot be verified ends the dial. */
  readonly verify: boolean;
  /** Name to ask for and to verify. */
  readonly servername: string;
}

/** Limits of one dial. */
export interface DialLimits {
  readonly connectTimeout: Milliseconds;
  readonly handshakeTimeout: Milliseconds;
}

/** What a dial needs of its worker. */
export interface DialWorld {
  readonly wheel: Wheel;
  readonly driver: LegDriver;
}

/** What a backend answered. `early` are bytes that came right behind the head. The leg rests until it is resumed. */
export type DialOutcome =
  | {
      readonly kind: "upgraded";
      readonly leg: Leg;
      readonly response: ResponseHead;
      readonly agreement: Agreement;
      readonly early: Uint8Array | undefined;
    }
  | {
      readonly kind: "refused";
      readonly leg: Leg;
      readonly response: ResponseHead;
      readonly body: BodyScanner;
      readonly early: Uint8Array | undefined;
    };

const SWITCHING_PROTOCOLS = 101;
const FIRST_FINAL_STATUS = 200;
/** Answers that say nothing about the request, only about the backend: another one is tried. */
const UNAVAILABLE: ReadonlySet<number> = new Set([502, 503, 504]);

/**
 * One attempt to open a WebSocket with a backend: connect, send the client's handshake, judge the answer.
 *
 * `outcome` is settled exactly once; it rejects with a FairleadError whose `retry` tells whether another backend may do
 * better. Whoever makes a dial sees to its outcome, `abort` or not.
 */
export class Dial implements ConnectListener, WheelEntry {
  wheelNext: WheelEntry | undefined = undefined;
  wheelPrevious: WheelEntry | undefined = undefined;
  wheelDue = 0;

  readonly outcome: Promise<DialOutcome>;

  private readonly target: DialTarget;
  private readonly upgrade: UpgradeRequest;
  private readonly limits: DialLimits;
  private readonly wheel: Wheel;
  private readonly head: string;
  private readonly leg: Leg;
  private connected = false;
  private settled = false;
  private received: Uint8Array = new Uint8Array(0);
  private resolve!: (outcome: DialOutcome) => void;
  private reject!: (error: FairleadError) => void;

  /**
   * @param head text of the request, as it goes out
   * @param upgrade what the client asked for; the answer is verified against it
   */
  constructor(
    target: DialTarget,
    head: string,
    upgrade: UpgradeRequest,
    limits: DialLimits,
    { wheel, driver }: DialWorld,
  ) {
    this.target = target;
    this.head = head;
    this.upgrade = upgrade;
    this.limits = limits;
    this.wheel = wheel;
    this.outcome = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    const { hostname, port, tls } = target;
    this.leg = tls === undefined ? driver.connect(hostname, port, this) : connectTlsLeg(hostname, port, tls, this);
    wheel.add(this, limits.connectTimeout);
  }

  /** Gives the dial up, for example since the client is gone. */
  abort(): void {
    this.fail(new FairleadError("CLIENT_GONE", `the client went away while ${this.target.name} was dialled`));
  }

  onDue(): number {
    const { connectTimeout, handshakeTimeout } = this.limits;
    const error = this.connected
      ? new FairleadError(
          "BACKEND_HANDSHAKE_TIMEOUT",
          `${this.target.name} gave no answer within ${handshakeTimeout} ms`,
        )
      : new FairleadError(
          "BACKEND_CONNECT_TIMEOUT",
          `${this.target.name} accepted no connection within ${connectTimeout} ms`,
        );
    this.fail(error);
    return 0;
  }

  onConnected(): void {
    if (this.settled) return;
    this.connected = true;
    this.wheel.add(this, this.limits.handshakeTimeout);
    this.leg.write(Buffer.from(this.head, "latin1"));
    this.leg.resume();
  }

  onBytes(bytes: Uint8Array): void {
    const seen = this.received.length;
    // They are lent, and may be kept until the tunnel is open.
    this.received = seen === 0 ? Buffer.from(bytes) : Buffer.concat([this.received, bytes]);
    try {
      this.readAnswer(Math.max(0, seen - 3));
    } catch (error) {
      this.fail(error instanceof FairleadError ? error : new FairleadError("BACKEND_BAD_HEAD", String(error), error));
    }
  }

  onEnd(): void {
    this.fail(
      new FairleadError("BACKEND_CLOSED_EARLY", `${this.target.name} closed the connection before it answered`),
    );
  }

  onDrain(): void {}

  onClosed(error: Error | undefined): void {
    this.fail(connectionError(this.target.name, this.connected, error));
  }

  private readAnswer(searchFrom: number): void {
    const end = findHeadEnd(this.received, searchFrom);
    if (end < 0) {
      if (this.received.length <= MAX_RESPONSE_HEAD_SIZE) return;
      throw new FairleadError(
        "BACKEND_BAD_HEAD",
        `${this.target.name} sent a head of more than ${MAX_RESPONSE_HEAD_SIZE} bytes`,
      );
    }
    const response = this.parseHead(end);
    const rest = this.received.subarray(end);
    if (response.status < FIRST_FINAL_STATUS && response.status !== SWITCHING_PROTOCOLS) {
      this.received = rest;
      this.readAnswer(0);
      return;
    }
    this.judge(response, rest.length === 0 ? undefined : rest);
  }

  private parseHead(end: number): ResponseHead {
    try {
      return parseResponseHead(this.received, end);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      throw new FairleadError("BACKEND_BAD_HEAD", `${this.target.name}: ${detail}`, error);
    }
  }

  private judge(response: ResponseHead, early: Uint8Array | undefined): void {
    const { name } = this.target;
    if (UNAVAILABLE.has(response.status)) {
      throw new FairleadError("BACKEND_UNAVAILABLE", `${name} answered ${response.status}`);
    }
    if (response.status !== SWITCHING_PROTOCOLS) {
      this.succeed({ kind: "refused", leg: this.leg, response, body: createBodyScanner("GET", response), early });
      return;
    }
    const verification = verifyUpgrade(this.upgrade, response);
    if (!verification.ok) throw new FairleadError("BACKEND_BAD_UPGRADE", `${name}: ${verification.reason}`);
    this.succeed({ kind: "upgraded", leg: this.leg, response, agreement: verification, early });
  }

  private succeed(outcome: DialOutcome): void {
    if (this.settled) return;
    this.settled = true;
    this.wheel.remove(this);
    this.leg.pause();
    this.resolve(outcome);
  }

  private fail(error: FairleadError): void {
    if (this.settled) return;
    this.settled = true;
    this.wheel.remove(this);
    this.leg.destroy();
    this.reject(error);
  }
}

function connectTlsLeg(host: string, port: number, tls: DialTls, listener: ConnectListener): Leg {
  const { secureContext, verify, servername } = tls;
  const common = { host, port, allowHalfOpen: true, noDelay: true };
  const options = { ...common, secureContext, servername, rejectUnauthorized: verify, ALPNProtocols: ["http/1.1"] };
  const socket = connectTls(options);
  socket.once("secureConnect", () => listener.onConnected());
  return new StreamLeg(socket, listener);
}
