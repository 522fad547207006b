import { FairleadError } from "../base/index.ts";
import type { Logger } from "../base/index.ts";
import type { Estate, Instance, Successor } from "../supervisor/index.ts";

/** Starts a process that is to replace this one. */
export type StartSuccessor = (estate: Estate) => Successor;

/** The event that another process serves from now on. */
export function upgradeDone(pid: number): Parameters<Instance["tell"]> {
  return ["upgrade-done", `process ${pid} has taken over`, { pid }];
}

/** Replaces this process by a new one, when it is asked to: one attempt at a time, until one succeeds. */
export class Upgrade {
  /** Resolves with the process that serves instead of this one from now on. */
  readonly handedOver: Promise<Successor>;

  private readonly instance: Pick<Instance, "estate" | "tell">;
  private readonly logger: Logger;
  private readonly start: StartSuccessor;
  private readonly resolve: (successor: Successor) => void;
  private underWay: Successor | undefined;
  private over: string | undefined;

  constructor(instance: Pick<Instance, "estate" | "tell">, logger: Logger, start: StartSuccessor) {
    this.instance = instance;
    this.logger = logger;
    this.start = start;
    const { promise, resolve } = Promise.withResolvers<Successor>();
    this.handedOver = promise;
    this.resolve = resolve;
  }

  /** Somebody wants this process to be replaced. */
  request(): void {
    const why = this.underWay === undefined ? this.over : "an upgrade is under way";
    if (why === undefined) void this.attempt();
    else this.logger.warn({ reason: why }, "the upgrade that was asked for is ignored");
  }

  /** This process is being stopped: whoever was to replace it is not needed any more. */
  stop(): void {
    this.over ??= "this instance is being stopped";
    this.underWay?.stop();
    this.underWay?.release();
  }

  private async attempt(): Promise<void> {
    try {
      const successor = this.start(this.instance.estate);
      this.underWay = successor;
      const { pid } = successor;
      this.logger.info({ pid }, "upgrade: a new instance is starting");
      this.instance.tell("upgrade-started", `a new instance is starting, process ${pid}`, { pid });
      await successor.ready;
      if (this.over !== undefined) return;
      this.over = "a new instance has taken over";
      this.instance.tell(...upgradeDone(pid));
      this.resolve(successor);
    } catch (error) {
      if (this.over !== undefined) return;
      const { code, message } = error instanceof FairleadError ? error : new FairleadError("INTERNAL", String(error));
      this.logger.error({ code }, message);
      this.instance.tell("upgrade-failed", message, { code });
    } finally {
      this.underWay = undefined;
    }
  }
}
