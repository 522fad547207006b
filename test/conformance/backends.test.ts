/**
 * What a client sends, rightly or wrongly, has the same outcome through fairlead as it has at the backend directly:
 * the same messages and pongs come back, and the same close code. Where that must not be, the case says why.
 */
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import { startBalancer } from "../kit/balancer.ts";
import { startEcho } from "../kit/backends.ts";
import { needGorilla, startGorilla } from "../kit/gorilla.ts";
import { needPython, startPythonEcho } from "../kit/python.ts";
import { playAsClient, type Run } from "./as-client.ts";
import type { Case, PeerName } from "./case.ts";
import { ALL_CASES } from "./cases/all.ts";
import { comparable, expectedVerdict, hangsDirectly } from "./compare.ts";

interface Peer {
  readonly name: PeerName;
  readonly start: (t: TestContext) => Promise<{ readonly url: string; readonly port: number }>;
  readonly available: (t: TestContext) => boolean;
}

const PEERS: readonly Peer[] = [
  { name: "ws", start: (t) => startEcho(t, { deflate: { threshold: 100 } }), available: () => true },
  { name: "gorilla", start: startGorilla, available: needGorilla },
  { name: "python", start: startPythonEcho, available: needPython },
];

const TARGET = "/socket";

/** Never unhealthy, whatever is played to it. */
const PATIENT_POOL = { failureThreshold: 1000 };

/** Cases that are played at the same time. */
const CREW = 4;

const inCrew = async (cases: readonly Case[], play: (one: Case) => Promise<void>): Promise<void> => {
  const queue = [...cases];
  const hand = async (): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) await play(one);
  };
  await Promise.all(Array.from({ length: CREW }, hand));
};

const disagreement = (one: Case, peer: PeerName, direct: Run | undefined, through: Run): string | undefined => {
  const expected = comparable(one, peer, expectedVerdict(one, peer, direct?.verdict));
  const got = comparable(one, peer, through.verdict);
  if (expected !== got) return `${one.name}: expected ${expected}, through fairlead ${got}`;
  if (direct === undefined || direct.extensions === through.extensions) return undefined;
  return `${one.name}: extensions "${direct.extensions}" became "${through.extensions}"`;
};

for (const peer of PEERS) {
  test(`${peer.name} judges its clients through fairlead as it does directly`, async (t) => {
    if (!peer.available(t)) return;
    const backend = await peer.start(t);
    const fairlead = await startBalancer(t, { pools: { default: { backends: [backend.url], health: PATIENT_POOL } } });
    const patient = peer.name === "python";
    for (const [group, cases] of Object.entries(ALL_CASES)) {
      await t.test(group, async () => {
        const disagreements: string[] = [];
        await inCrew(cases, async (one) => {
          const direct = hangsDirectly(one, peer.name)
            ? undefined
            : await playAsClient(one, backend.port, TARGET, patient);
          const through = await playAsClient(one, fairlead.port, TARGET, patient);
          const found = disagreement(one, peer.name, direct, through);
          if (found !== undefined) disagreements.push(found);
        });
        assert.deepEqual(disagreements, []);
      });
    }
    await fairlead.idle();
  });
}
