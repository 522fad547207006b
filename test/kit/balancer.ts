import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { createLoadBalancer, type AccessRecord, type ConfigInput, type LoadBalancer } from "../../src/index.ts";
import { lastly } from "./cleanup.ts";
import { until } from "./until.ts";

/** A line that fairlead has logged. */
export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: object;
}

/** A fairlead inside the test. */
export interface Harbour {
  readonly balancer: LoadBalancer;
  /** Of the first listener. */
  readonly port: number;
  /** `ws://127.0.0.1:port`, of the first listener. */
  readonly url: string;
  /** `http://127.0.0.1:port`. */
  readonly origin: string;
  /** Every access record so far. */
  readonly records: readonly AccessRecord[];
  readonly logs: readonly LogLine[];
  /** Waits for the first record, of those written and to come, that fits. */
  record(fits: (record: AccessRecord) => boolean, what?: string): Promise<AccessRecord>;
  /** Waits until no tunnel is open and no request is in flight. */
  idle(): Promise<void>;
  /** Stops at once; the end of the test does it too. */
  stop(): Promise<void>;
}

const logger = (logs: LogLine[]) => {
  const at =
    (level: LogLine["level"]) =>
    (fields: object, message: string): void =>
      void logs.push({ level, message, fields });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
};

/** What fairlead carries at the moment: waiting handshakes, open tunnels, requests in flight, and what backends count. */
const burden = async (balancer: LoadBalancer): Promise<number> => {
  const { handshakes, tunnels, requests, pools } = await balancer.status();
  const loads = pools.flatMap((pool) => pool.backends.map((backend) => backend.load + backend.open + backend.inFlight));
  return loads.reduce((sum, load) => sum + load, handshakes + tunnels + requests);
};

/** The defaults of every story: one process, a free port, no admin. */
const BASE: ConfigInput = { listen: "127.0.0.1:0", admin: "off", workers: 1 };

const faults = (logs: readonly LogLine[]): string[] =>
  logs.filter((line) => line.level === "error").map((line) => `${line.message} ${JSON.stringify(line.fields)}`);

/**
 * Starts fairlead for a test. At its end fairlead is stopped; by then nothing may be open or counted any more, and it
 * must have logged no error of its own.
 */
export const startBalancer = async (t: TestContext, config: ConfigInput): Promise<Harbour> => {
  const records: AccessRecord[] = [];
  const logs: LogLine[] = [];
  const onRecord = (record: AccessRecord): void => void records.push(record);
  const balancer = await createLoadBalancer({ ...BASE, ...config }, { logger: logger(logs), onRecord });
  let stopped = false;
  const stop = async (): Promise<void> => {
    if (stopped) return;
    stopped = true;
    await balancer.close({ drain: 0 });
  };
  const idle = (): Promise<void> => until(async () => (await burden(balancer)) === 0, "fairlead carries nothing");
  lastly(t, async () => {
    await stop();
    assert.deepEqual(faults(logs), [], "fairlead logs no error of its own");
  });
  const port = balancer.addresses[0]?.port ?? 0;
  return {
    balancer,
    port,
    url: `ws://127.0.0.1:${port}`,
    origin: `http://127.0.0.1:${port}`,
    records,
    logs,
    async record(fits, what = "such an access record") {
      await until(() => records.some(fits), what);
      const found = records.find(fits);
      assert.ok(found);
      return found;
    },
    idle,
    stop,
  };
};

/** The URLs of backends, as the configuration wants them. */
export const urlsOf = (backends: readonly { readonly url: string }[]): string[] =>
  backends.map((backend) => backend.url);
