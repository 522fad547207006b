import { Seldom } from "../base/index.ts";
import type { Clock, Logger, Milliseconds } from "../base/index.ts";
import type { Backend } from "../pool/index.ts";

/** Where one backend refuses a tunnel it mostly refuses all: a line for each would tell nothing more. */
const INTERVAL_MS: Milliseconds = 10_000;

/** Warns of backends that do not take tunnels which another one had: at once, then at most once in an interval for each. */
export class RefusedRehomings {
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly told = new WeakMap<Backend, Seldom>();

  constructor(clock: Clock, logger: Logger) {
    this.clock = clock;
    this.logger = logger;
  }

  /**
   * A backend has answered, and does not get the tunnel.
   *
   * @param id the tunnel's
   */
  note(pool: string, backend: Backend, id: string, reason: string): void {
    const { name } = backend;
    this.logger.debug({ id, pool, backend: name, reason }, "a re-homing was refused");
    let seldom = this.told.get(backend);
    if (seldom === undefined) {
      seldom = new Seldom(this.clock, INTERVAL_MS, (times, latest) => {
        this.logger.warn({ pool, backend: name, times, reason: latest }, "a backend refuses re-homings");
      });
      this.told.set(backend, seldom);
    }
    seldom.note(reason);
  }
}
