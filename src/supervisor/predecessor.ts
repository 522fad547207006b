import { FairleadError } from "../base/index.ts";

import { INHERITED_VARIABLES, parseInherited } from "./inherited.ts";
import type { Inherited } from "./inherited.ts";
import type { PredecessorBoard } from "./instance.ts";
import { Known, readKnown } from "./known.ts";
import type { KnownBackend } from "./known.ts";
import type { BackendLoad, FromSuccessor, Legacy, ToSuccessor } from "./succession.ts";

/** A channel to the process that started this one. */
export interface Channel {
  readonly connected: boolean;
  send?(message: FromSuccessor): unknown;
  disconnect(): void;
  on(event: "message", listener: (message: ToSuccessor) => void): unknown;
  once(event: "disconnect", listener: () => void): unknown;
}

/** The process that this one is to replace. */
export class Predecessor {
  /**
   * What it has made.
   *
   * @throws FairleadError UPGRADE_FAILED when it ends before it tells
   */
  readonly legacy: Promise<Legacy>;

  private readonly channel: Channel;
  /** Told before somebody asked. */
  private early: BackendLoad[] = [];
  private readonly learnt = new Known();
  private board: PredecessorBoard | undefined;
  private gone = false;

  constructor(channel: Channel) {
    this.channel = channel;
    const legacy = Promise.withResolvers<Legacy>();
    this.legacy = legacy.promise;
    this.legacy.catch(() => {});
    channel.on("message", (message) => {
      const known = readKnown(message.known);
      this.learnt.add(known);
      if (message.type === "legacy") legacy.resolve(message.legacy);
      else this.hear(message.changes, known);
    });
    channel.once("disconnect", () => {
      const text = "The instance that this one was to replace ended before it handed over anything.";
      legacy.reject(new FairleadError("UPGRADE_FAILED", text));
      this.gone = true;
      this.board?.clear();
    });
  }

  /** What it has told of backends so far; nothing where it is of a version that does not. */
  get known(): KnownBackend[] {
    return this.learnt.all;
  }

  /** From now on the board knows what the old process has on backends. */
  follow(board: PredecessorBoard): void {
    this.board = board;
    if (this.early.length > 0) board.set(this.early);
    this.early = [];
    board.inherit(this.known);
    if (this.gone) board.clear();
  }

  /** Tells it that this process serves: it stops accepting, and drains. */
  ready(): void {
    this.tell({ type: "ready" });
  }

  /** Tells it why this process will not serve: it goes on. */
  failed(error: unknown): void {
    const { code, message } = error instanceof FairleadError ? error : new FairleadError("INTERNAL", String(error));
    this.tell({ type: "failed", code, message });
    this.release();
  }

  /** This process ends before the old one does. */
  release(): void {
    if (this.channel.connected) this.channel.disconnect();
  }

  private hear(changes: readonly BackendLoad[], known: readonly KnownBackend[]): void {
    if (this.board === undefined) {
      this.early.push(...changes);
      return;
    }
    if (changes.length > 0) this.board.set(changes);
    if (known.length > 0) this.board.follow(known);
  }

  private tell(message: FromSuccessor): void {
    if (this.channel.connected) this.channel.send?.(message);
  }
}

/** How this process came to be. */
export interface Origin {
  /** Sockets that listen already. */
  readonly inherited: readonly Inherited[];
  /** Undefined when this process is to replace no other. */
  readonly predecessor: Predecessor | undefined;
}

/** Reads how this process came to be, and takes that out of the environment, so that no process started here reads it. */
export function readOrigin(): Origin {
  const isSuccessor = process.env["FAIRLEAD_INHERIT"] !== undefined && process.send !== undefined;
  const inherited = parseInherited(process.env, process.pid);
  for (const variable of INHERITED_VARIABLES) Reflect.deleteProperty(process.env, variable);
  return { inherited, predecessor: isSuccessor ? new Predecessor(process) : undefined };
}
