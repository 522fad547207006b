import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { ConfigInput } from "../../src/index.ts";
import { startBalancer, type Harbour } from "./balancer.ts";
import { ask } from "./http.ts";

type Tunnel = NonNullable<ConfigInput["tunnel"]>;

/** So much more than the other one's that the first backend is always taken as long as it is there. */
const WEIGHTS = [1_000, 0.000_001];

/** A fairlead whose tunnels are re-homed from the first backend to the second; with an admin API. */
export const startRehoming = (
  t: TestContext,
  backends: readonly { readonly url: string }[],
  rehome: NonNullable<Tunnel["rehome"]>,
  heartbeat: NonNullable<Tunnel["heartbeat"]> = {},
): Promise<Harbour> =>
  startBalancer(t, {
    backends: backends.map(({ url }, index) => ({ url, weight: WEIGHTS[index] ?? 1 })),
    balance: "random",
    tunnel: { rehome, heartbeat },
    admin: "127.0.0.1:0",
  });

/**
 * Begins to drain a backend, as fast as it goes.
 *
 * @param admin URL of the admin API
 * @param backend its name, which is its URL where it has no other
 */
export const drainBackend = async (t: TestContext, admin: string, pool: string, backend: string): Promise<void> => {
  const body = JSON.stringify({ pool, backend, rate: 1_000 });
  const headers = { "content-type": "application/json" };
  const answer = await ask(t, `${admin}/api/v1/drains`, { method: "POST", headers }, body);
  assert.equal(answer.status, 201, answer.body.toString());
};

/** URL of the admin API of a fairlead in the test. */
export const adminOf = ({ balancer }: Harbour): string => `http://127.0.0.1:${balancer.adminAddress?.port}`;
