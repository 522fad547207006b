import assert from "node:assert/strict";
import { Wheel } from "../../src/base/index.ts";
import type { Clock } from "../../src/base/index.ts";
import type { TunnelOptions } from "../../src/config/index.ts";
import { Tunnel, unreadMeters } from "../../src/relay/index.ts";
import type { Leg, LegListener } from "../../src/wire/index.ts";
import { closePayload, frame, OPCODE, readFrame } from "../kit/frames.ts";
import type { Frame, FrameParts } from "../kit/frames.ts";

/** A tunnel between two legs that exist in memory only, and a clock that moves when it is told to. */

const NOBODY: LegListener = { onBytes() {}, onEnd() {}, onDrain() {}, onClosed() {} };

/** Runs what a socket would do a moment later. */
export class Afterwards {
  private tasks: (() => void)[] = [];

  add(task: () => void): void {
    this.tasks.push(task);
  }

  run(): void {
    for (let task = this.tasks.shift(); task !== undefined; task = this.tasks.shift()) task();
  }
}

/** A leg together with the peer at its other end. */
export class FakeLeg implements Leg {
  listener: LegListener = NOBODY;
  closed = false;
  readonly remoteAddress = "192.0.2.1";
  readonly localPort = 0;
  backlog = 0;
  /** We have ended our direction. */
  ended = false;
  destroyed = false;
  paused = true;
  /** Whether what is written stays in the backlog. */
  stalled = false;

  readonly name: "client" | "backend";
  private readonly afterwards: Afterwards;
  private readonly written: Uint8Array[] = [];
  private readonly inbox: (Uint8Array | "fin")[] = [];
  private finHeard = false;
  private needsDrain = false;
  private taken = 0;
  /** What is still to come of a frame that the peer has begun. */
  private rest: Buffer = Buffer.alloc(0);

  constructor(name: "client" | "backend", afterwards: Afterwards) {
    this.name = name;
    this.afterwards = afterwards;
  }

  // What the tunnel does.

  write(bytes: Uint8Array): boolean {
    assert.ok(!this.ended, `written to the ${this.name} behind its FIN`);
    assert.ok(!this.closed, `written to the ${this.name}, which is gone`);
    assert.ok(bytes.length > 0, "an empty write");
    this.written.push(bytes);
    if (!this.stalled) return true;
    this.backlog += bytes.length;
    this.needsDrain = true;
    return false;
  }

  keepAlive(): void {}

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.afterwards.add(() => this.deliver());
  }

  end(): void {
    this.ended = true;
    if (this.finHeard) this.close();
  }

  destroy(): void {
    this.destroyed = true;
    this.close();
  }

  // What the peer does.

  bytes(bytes: Uint8Array): void {
    this.inbox.push(bytes);
    this.settle();
  }

  send(...frames: readonly FrameParts[]): void {
    this.bytes(Buffer.concat(frames.map((parts) => this.made(parts))));
  }

  sendClose(code: number, reason = ""): void {
    this.send({ opcode: OPCODE.close, payload: closePayload(code, reason) });
  }

  /** Sends the beginning of a frame. */
  begin(parts: FrameParts): void {
    const whole = this.made(parts);
    this.rest = whole.subarray(whole.length - 5);
    this.bytes(whole.subarray(0, whole.length - 5));
  }

  /** Sends what is missing of the frame that was begun, if one was. */
  complete(): void {
    const { rest } = this;
    this.rest = Buffer.alloc(0);
    if (rest.length > 0) this.bytes(rest);
  }

  get insideFrame(): boolean {
    return this.rest.length > 0;
  }

  fin(): void {
    this.inbox.push("fin");
    this.settle();
  }

  reset(): void {
    this.close();
    this.settle();
  }

  drain(): void {
    this.stalled = false;
    this.backlog = 0;
    if (this.needsDrain && !this.closed) this.listener.onDrain();
    this.needsDrain = false;
    this.settle();
  }

  settle(): void {
    this.deliver();
    this.afterwards.run();
  }

  // What the peer sees.

  /** How often something was written. */
  get writes(): number {
    return this.written.length;
  }

  /** Everything that was written; read from the very memory, as a socket that has not sent it yet would. */
  get output(): Buffer {
    return Buffer.concat(this.written);
  }

  /** The frames that have come since the last call. */
  frames(): Frame[] {
    const found: Frame[] = [];
    for (;;) {
      const next = readFrame(this.output.subarray(this.taken));
      if (next === undefined) return found;
      assert.equal(next.value.masked, this.name === "backend");
      this.taken += next.used;
      found.push(next.value);
    }
  }

  /** Bytes of a frame that has not come as a whole. */
  get unfinished(): number {
    this.frames();
    return this.output.length - this.taken;
  }

  private made(parts: FrameParts): Buffer {
    return frame({ mask: this.name === "client", ...parts });
  }

  private deliver(): void {
    while (!this.paused && !this.closed) {
      const next = this.inbox.shift();
      if (next === undefined) return;
      if (next === "fin") this.hearFin();
      else this.listener.onBytes(next);
    }
  }

  private hearFin(): void {
    this.finHeard = true;
    this.listener.onEnd();
    if (this.ended) this.close();
  }

  private close(): void {
    this.afterwards.add(() => {
      if (this.closed) return;
      this.closed = true;
      this.listener.onClosed(undefined);
    });
  }
}

/** Nothing is limited or watched, unless a test asks for it. */
export const OPTIONS: TunnelOptions = {
  heartbeat: "off",
  idleTimeout: "off",
  lifetime: "off",
  lifetimeJitter: 0,
  writeTimeout: 30_000,
  halfCloseTimeout: 10_000,
  closeTimeout: 5_000,
  maxMessageSize: 1_000,
  transparent: false,
  backendLostCode: 1012,
  rehome: "off",
};

export const TICK = 100;

/** A tunnel that has been started. */
export interface World {
  readonly tunnel: Tunnel;
  readonly client: FakeLeg;
  readonly backend: FakeLeg;
  readonly wheel: Wheel;
  /** Times that the end of the tunnel was told. */
  readonly over: () => number;
  /** Lets time go by, tick by tick. */
  readonly pass: (ms: number) => void;
  /** Moves the clock without a tick of the wheel. */
  readonly moment: (ms: number) => void;
}

/** What had come before the tunnel was started. */
interface Early {
  readonly client?: Uint8Array;
  readonly backend?: Uint8Array;
  /** A leg that has gone away meanwhile. */
  readonly gone?: "client" | "backend";
}

export const openWorld = (options: Partial<TunnelOptions> = {}, random = () => 0, early: Early = {}): World => {
  let time = 1_000_000;
  const clock: Clock = { now: () => time, wall: () => time };
  const wheel = new Wheel(clock, TICK);
  const afterwards = new Afterwards();
  const client = new FakeLeg("client", afterwards);
  const backend = new FakeLeg("backend", afterwards);
  let over = 0;
  const agreement = { deflate: false, foreignExtensions: false };
  const tunnel = new Tunnel(
    client,
    backend,
    { ...OPTIONS, ...options },
    agreement,
    { wheel, clock, random, meters: unreadMeters() },
    {
      backendAnswered: () => {},
      tunnelOver: () => {
        over += 1;
      },
    },
  );
  if (early.gone !== undefined) tunnel[early.gone].leg.destroy();
  afterwards.run();
  tunnel.start(early.client, early.backend);
  afterwards.run();
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= TICK) {
      time += Math.min(left, TICK);
      wheel.tick();
      afterwards.run();
    }
  };
  const moment = (ms: number): void => {
    time += ms;
  };
  return { tunnel, client, backend, wheel, over: () => over, pass, moment };
};

/** Codes of the Closes among frames. */
export const closesIn = (frames: readonly Frame[]): number[] =>
  frames.filter(({ opcode }) => opcode === OPCODE.close).map(({ payload }) => payload.readUInt16BE(0));

/** Texts among frames. */
export const textsIn = (frames: readonly Frame[]): string[] =>
  frames.filter(({ opcode }) => opcode === OPCODE.text).map(({ payload }) => payload.toString());
