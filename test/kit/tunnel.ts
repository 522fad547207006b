import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { AccessRecord, ConfigInput } from "../../src/index.ts";
import { startEcho } from "./backends.ts";
import { startBalancer, type Harbour } from "./balancer.ts";
import { openWs, type Client } from "./clients.ts";
import type { WireHead } from "./heads.ts";
import { rawClient, startRaw, type RawBackend, type RawPeer } from "./raw.ts";

/** A raw client and a raw backend with fairlead between them, and a second tunnel that nothing may happen to. */
export interface RawTunnel {
  readonly fairlead: Harbour;
  readonly backend: RawBackend;
  readonly client: RawPeer & { readonly answer: WireHead };
  readonly server: RawPeer & { readonly request: WireHead };
  /** A client of another backend, through the same fairlead. */
  readonly bystander: Client;
  /** The record of the raw tunnel, when it has ended. */
  record(): Promise<AccessRecord>;
  /** What the raw backend has been blamed for. */
  failures(): Promise<number>;
  /** Checks that nothing is left of the raw tunnel, and that the other one never noticed. */
  aftermath(): Promise<AccessRecord>;
}

export interface RawTunnelOptions {
  readonly tunnel?: ConfigInput["tunnel"];
  readonly config?: ConfigInput;
  readonly clientHeaders?: Readonly<Record<string, string>>;
  readonly serverHeaders?: Readonly<Record<string, string>>;
}

/** Opens a raw tunnel at /raw; every other path leads to an echo backend. */
export const openRawTunnel = async (t: TestContext, options: RawTunnelOptions = {}): Promise<RawTunnel> => {
  const [backend, echo] = await Promise.all([startRaw(t), startEcho(t, { name: "bystander" })]);
  const fairlead = await startBalancer(t, {
    pools: { raw: { backends: [backend.url] }, echo: { backends: [echo.url] } },
    routes: [{ name: "raw", match: { path: "/raw" }, pool: "raw" }],
    defaultPool: "echo",
    ...(options.tunnel === undefined ? {} : { tunnel: options.tunnel }),
    ...options.config,
  });
  const bystander = await openWs(t, `${fairlead.url}/bystander`);
  const opening = rawClient(t, fairlead.port, { target: "/raw", headers: options.clientHeaders ?? {} });
  const server = await backend.upgraded(options.serverHeaders);
  const client = await opening;
  const record = (): Promise<AccessRecord> => fairlead.record((one) => one.path === "/raw", "the tunnel's record");
  const aftermath = async (): Promise<AccessRecord> => {
    const found = await record();
    assert.equal(fairlead.records.length, 1, "one tunnel, one record");
    assert.equal(await bystander.ask("untouched?"), "untouched?");
    assert.equal((await bystander.bye()).code, 1000);
    await fairlead.idle();
    return found;
  };
  const failures = async (): Promise<number> => {
    const { pools } = await fairlead.balancer.status();
    return pools.find((pool) => pool.name === "raw")?.backends[0]?.failures ?? Number.NaN;
  };
  return { fairlead, backend, client, server, bystander, record, failures, aftermath };
};

/** Who ended a tunnel, why, and the codes that fairlead wrote. */
export const endOf = (record: AccessRecord): readonly unknown[] => [
  record.tunnel?.endedBy,
  record.tunnel?.cause,
  record.tunnel?.client.closeTo,
  record.tunnel?.backend.closeTo,
];
