import { execFile } from "node:child_process";
import { promisify } from "node:util";

import type { Milliseconds } from "../base/index.ts";

type Variables = Readonly<Record<string, string | undefined>>;

/** Tells a service manager some assignments (`READY=1`) in one message; rejects when it could not. */
export type Tell = (assignments: readonly string[]) => Promise<void>;

/** What a notifier needs to know of its process. */
export interface NotifierOptions {
  /** The environment: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`. */
  readonly env: Variables;
  /** Of this process. */
  readonly pid: number;
  /** Asked before each sign of life; one that says no, fails or never answers leaves it out. Default: always well. */
  readonly healthy?: () => boolean | Promise<boolean>;
  /** Told of the first failure: a manager that hears nothing may end the service. */
  readonly onFailure?: (error: unknown) => void;
  /** Default: {@link systemdNotify}. */
  readonly tell?: Tell;
}

/**
 * What a service manager is told (sd_notify(3)). Nothing here waits, throws or is repeated; where there is no manager,
 * nothing happens.
 */
export interface Notifier {
  /** Clients are served: after the start, and after a reload. */
  ready(status?: string): void;
  /** A reload has begun; `ready` has to follow, whatever becomes of it. */
  reloading(): void;
  /** The shutdown has begun. */
  stopping(): void;
  /** One line for people, in `systemctl status`. */
  status(text: string): void;
  /** From now on another process is the service's own, so that the end of this one is not the end of the service. */
  mainPid(pid: number): void;
  /** No sign of life any more. @returns when all that was said has been told */
  stop(): Promise<void>;
}

/** A manager that does not take a message within this is not waited for. */
const TELL_TIMEOUT_MS: Milliseconds = 5_000;

/** Signs of life in each period that the manager allows for one (sd_watchdog_enabled(3) says two). */
const SIGNS_PER_PERIOD = 2;

const US_PER_MS = 1_000;

const runFile = promisify(execFile);

const SILENT: Notifier = {
  ready() {},
  reloading() {},
  stopping() {},
  status() {},
  mainPid() {},
  stop: () => Promise.resolve(),
};

/**
 * Tells systemd, or whoever speaks its protocol, how the service is. Begins with the signs of life at once when the
 * manager has asked this process for them.
 *
 * @returns a notifier that does nothing when there is no `NOTIFY_SOCKET`
 */
export function createNotifier(options: NotifierOptions): Notifier {
  const { env, tell = systemdNotify(env) } = options;
  if ((env["NOTIFY_SOCKET"] ?? "") === "") return SILENT;
  const outbox = new Outbox(tell, options.onFailure);
  const interval = watchdogInterval(options);
  const stopSigns =
    interval === undefined ? undefined : startSigns(interval, options.healthy, () => outbox.say("WATCHDOG", "1"));
  return {
    ready(status) {
      outbox.say("state", "READY=1");
      if (status !== undefined) outbox.say("STATUS", oneLine(status));
    },
    reloading: () => outbox.say("state", "RELOADING=1"),
    stopping: () => outbox.say("state", "STOPPING=1"),
    status: (text) => outbox.say("STATUS", oneLine(text)),
    mainPid: (pid) => outbox.say("MAINPID", String(pid)),
    stop() {
      stopSigns?.();
      return outbox.done();
    },
  };
}

/**
 * Tells by the program `systemd-notify`, since Node has no datagram sockets of the file system. Its messages do not come
 * from the service's main process, so the unit needs `NotifyAccess=all`.
 */
export function systemdNotify(env: Variables): Tell {
  const { PATH, NOTIFY_SOCKET } = env;
  const options = { timeout: TELL_TIMEOUT_MS, env: { PATH, NOTIFY_SOCKET } };
  return async (assignments) => {
    await runFile("systemd-notify", [...assignments], options);
  };
}

/** How often the manager wants to hear from this process; undefined when it does not. */
function watchdogInterval({ env, pid }: NotifierOptions): Milliseconds | undefined {
  const { WATCHDOG_USEC: period = "", WATCHDOG_PID: meant } = env;
  if (!/^[1-9]\d{0,15}$/.test(period)) return undefined;
  if (meant !== undefined && meant !== String(pid)) return undefined;
  return Math.max(1, Number(period) / US_PER_MS / SIGNS_PER_PERIOD);
}

/** @returns stops it */
function startSigns(
  interval: Milliseconds,
  healthy: NotifierOptions["healthy"] = () => true,
  sign: () => void,
): () => void {
  let asking = false;
  let stopped = false;
  const look = async (): Promise<void> => {
    // A question that is not answered is not asked again: its silence is the answer.
    if (asking) return;
    asking = true;
    try {
      if ((await healthy()) && !stopped) sign();
    } catch {
      // Whoever cannot say that all is well is not well.
    } finally {
      asking = false;
    }
  };
  const timer = setInterval(() => void look(), interval);
  timer.unref();
  return () => {
    stopped = true;
    clearInterval(timer);
  };
}

/** What is still to be told. Of each kind only the latest counts, and one message is on its way at a time. */
class Outbox {
  private readonly tell: Tell;
  private readonly onFailure: NotifierOptions["onFailure"];
  private readonly waiting = new Map<string, string>();
  private sending: Promise<void> | undefined;
  private failed = false;

  constructor(tell: Tell, onFailure: NotifierOptions["onFailure"]) {
    this.tell = tell;
    this.onFailure = onFailure;
  }

  /** @param kind the variable, or `state` for the states, of which a service is in one at a time */
  say(kind: string, value: string): void {
    this.waiting.set(kind, kind === "state" ? value : `${kind}=${value}`);
    this.sending ??= this.send();
  }

  async done(): Promise<void> {
    await this.sending;
  }

  private async send(): Promise<void> {
    // What is said in the same turn of the event loop goes into one message.
    await Promise.resolve();
    while (this.waiting.size > 0) {
      const assignments = [...this.waiting.values()];
      this.waiting.clear();
      try {
        await this.tell(assignments);
      } catch (error) {
        if (!this.failed) this.onFailure?.(error);
        this.failed = true;
      }
    }
    this.sending = undefined;
  }
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
