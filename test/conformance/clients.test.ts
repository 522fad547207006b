/**
 * What a backend sends has the same outcome at the client through fairlead as it has directly. Only where a backend
 * breaks the protocol is there a difference: a client alone with it can but fail the connection, while fairlead, which
 * sees it first, tells the client to come back (1012).
 */
import assert from "node:assert/strict";
import test from "node:test";
import { startBalancer } from "../kit/balancer.ts";
import { startActor, targetOf, watchWithNode, watchWithWs, type PlayAsServer } from "./as-server.ts";
import type { Case, PeerName, Verdict } from "./case.ts";
import { ALL_CASES } from "./cases/all.ts";
import { expectedVerdict, hangsDirectly } from "./compare.ts";

const LOST = 1012;

/** Both clients offer it by themselves; other offers are theirs to make. */
const OFFERED = "permessage-deflate";

/** RSV1 without any offer is no violation to a client that has made one: it is the server that never accepted. */
const playable = (one: Case): boolean => one.offer === undefined || one.offer === OFFERED;

const CLIENTS: Readonly<Record<string, { readonly peer: PeerName; readonly watch: PlayAsServer }>> = {
  ws: { peer: "ws client", watch: watchWithWs },
  "Node's own WebSocket": { peer: "node client", watch: watchWithNode },
};

const expected = (one: Case, peer: PeerName, direct: Verdict | undefined): Verdict => {
  const due = expectedVerdict(one, peer, direct);
  return one.breaksFraming === true ? { messages: due.messages, close: LOST } : due;
};

/** Never unhealthy: here the backend breaks every rule, and has to go on. */
const PATIENT_POOL = { failureThreshold: 1000 };

for (const [client, { peer, watch }] of Object.entries(CLIENTS)) {
  test(`${client} sees through fairlead what it sees directly, and 1012 where the backend breaks a rule`, async (t) => {
    const all = Object.values(ALL_CASES).flat().filter(playable);
    const backend = await startActor(t, all);
    const fairlead = await startBalancer(t, { pools: { default: { backends: [backend.url], health: PATIENT_POOL } } });
    for (const [group, cases] of Object.entries(ALL_CASES)) {
      await t.test(group, async () => {
        const disagreements: string[] = [];
        for (const one of cases.filter(playable)) {
          const target = targetOf(all.indexOf(one));
          const direct = hangsDirectly(one, peer) ? undefined : await watch(`${backend.url}${target}`);
          const through = await watch(`${fairlead.url}${target}`);
          const due = expected(one, peer, direct);
          const [want, got] = [due, through].map(
            (verdict) => `${verdict.close} after [${verdict.messages.join(", ")}]`,
          );
          if (want !== got) disagreements.push(`${one.name}: expected ${want}, through fairlead ${got}`);
        }
        assert.deepEqual(disagreements, []);
      });
    }
    await fairlead.idle();
  });
}
