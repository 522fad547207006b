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

/** How often a peer may contradict itself before fairlead is taken to be wrong. */
const DIRECT_TURNS_MAX = 5;

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

/**
 * Plays a case directly and through fairlead. A peer that closes with bytes still unread resets the connection, and then
 * its Close arrives or does not: such a peer has several verdicts, each of which is its own.
 */
const judge = async (
  one: Case,
  peer: (typeof PEERS)[number],
  direct: number,
  through: number,
): Promise<string | undefined> => {
  const patient = peer.name === "python";
  const run = await playAsClient(one, through, TARGET, patient);
  if (hangsDirectly(one, peer.name)) return disagreement(one, peer.name, undefined, run);
  let found: string | undefined;
  for (let turn = 0; turn < DIRECT_TURNS_MAX; turn += 1) {
    found = disagreement(one, peer.name, await playAsClient(one, direct, TARGET, patient), run);
    if (found === undefined) return undefined;
  }
  return found;
};

for (const peer of PEERS) {
  test(`${peer.name} judges its clients through fairlead as it does directly`, async (t) => {
    if (!peer.available(t)) return;
    const backend = await peer.start(t);
    const fairlead = await startBalancer(t, { pools: { default: { backends: [backend.url], health: PATIENT_POOL } } });
    for (const [group, cases] of Object.entries(ALL_CASES)) {
      await t.test(group, async () => {
        const disagreements: string[] = [];
        await inCrew(cases, async (one) => {
          const found = await judge(one, peer, backend.port, fairlead.port);
          if (found !== undefined) disagreements.push(found);
        });
        assert.deepEqual(disagreements, []);
      });
    }
    await fairlead.idle();
  });
}
