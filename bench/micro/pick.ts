import { PoolState, seededRandom } from "../../src/base/index.ts";
import { BALANCE_METHODS, type BalanceInput, balanceSchema, createBalancer } from "../../src/balancing/index.ts";
import { report, type Subject } from "./measure.ts";

/**
 * A pick of every algorithm, of 10, 100 and 1,000 backends. Each pick opens a tunnel, and one that was opened long before
 * ends: what follows from the two changes of load is part of the figure. Every pick has another key.
 */

const SIZES = [10, 100, 1000];
const BAR = { reach: 2000, beyond: 500 };
const SEED = 7;
/** A tenth takes no new work, and weights differ. */
const OUT_EVERY = 10;
const WEIGHTS = [1, 2, 3];
/** Backends' tunnels carry unequally much, and they answer unequally fast. */
const ACTIVITIES = 5;
const LATENCIES = 7;
/** A tunnel ends when so many others, for each backend, have been opened. */
const LIFE = 20;
/** Keys that are remembered when they come again, and so many that none is. */
const USUAL_KEYS = 4096;
const RARE_KEYS = 200_000;

interface Situation {
  readonly equalWeights?: boolean;
  /** Counts lag behind other workers'. */
  readonly stale?: boolean;
  readonly keys?: number;
}

function poolOf(size: number, { equalWeights = false, stale = false }: Situation): PoolState {
  const indices = Array.from({ length: size }, (_, index) => index);
  const state = new PoolState(
    indices.map((index) => `ws://10.0.${index >>> 8}.${index & 255}:8000`),
    indices.map((index) => (equalWeights ? 1 : (WEIGHTS[index % WEIGHTS.length] ?? 1))),
  );
  state.stale = stale;
  state.activityPerTunnel = 1;
  for (const index of indices) {
    state.setEligible(index, index % OUT_EVERY !== OUT_EVERY - 1);
    state.setActivity(index, LIFE + (index % ACTIVITIES), LIFE);
    state.setLatency(index, 1 + (index % LATENCIES));
  }
  return state;
}

function subject(name: string, input: BalanceInput, size: number, situation: Situation = {}): Subject {
  const view = poolOf(size, situation);
  const balancer = createBalancer(balanceSchema.parse(input), seededRandom(SEED));
  const keys = Array.from({ length: situation.keys ?? USUAL_KEYS }, (_, index) => ({
    key: `/room/${index}`,
    tried: [],
  }));
  // Backends of the tunnels that are open, the oldest is replaced by the newest.
  const open = new Int32Array(LIFE * size).fill(-1);
  let [turn, oldest] = [0, 0];
  const pick = (): number => {
    turn = turn + 1 < keys.length ? turn + 1 : 0;
    oldest = oldest + 1 < open.length ? oldest + 1 : 0;
    const index = balancer.pick(view, keys[turn] ?? { key: undefined, tried: [] });
    const ended = open[oldest] ?? -1;
    if (ended !== -1) view.setLoad(ended, view.load(ended) - 1);
    view.setLoad(index, view.load(index) + 1);
    open[oldest] = index;
    return index;
  };
  return {
    name: `${name}, ${size} backends`,
    check() {
      const picked = new Set<number>();
      for (let i = 0; i < 2 * open.length; i += 1) {
        const index = pick();
        if (!view.isEligible(index)) throw new Error(`${name} picked ${index}, which takes no new work`);
        picked.add(index);
      }
      if (picked.size < 2) throw new Error(`${name} always picks the same`);
    },
    run: pick,
    bar: BAR,
  };
}

const key = { method: "hash", by: "path" } as const;
const bounded = { ...key, loadFactor: 1.25 };

report(
  "pick",
  SIZES.flatMap((size) => [
    ...BALANCE_METHODS.map((method) => subject(method, method, size)),
    subject("least-connections, counts that lag", "least-connections", size, { stale: true }),
    subject("hash with bounded load", bounded, size),
    subject("hash, hardly a key seen twice", key, size, { keys: RARE_KEYS }),
    subject("hash, bounded, hardly a key seen twice", bounded, size, { keys: RARE_KEYS }),
    subject("hash, equal weights", key, size, { equalWeights: true }),
  ]),
);
