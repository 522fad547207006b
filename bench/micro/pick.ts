import { type PoolView, seededRandom } from "../../src/base/index.ts";
import { BALANCE_METHODS, type BalanceInput, balanceSchema, createBalancer } from "../../src/balancing/index.ts";
import { report, type Subject } from "./measure.ts";

/** A pick of every algorithm, of 10 and of 1,000 backends. Picked backends get load, as tunnels would give it. */

const SIZES = [10, 1000];
const LIMIT = 2000;
const SEED = 7;
/** A tenth takes no new work, and weights differ. */
const OUT_EVERY = 10;
const WEIGHTS = [1, 2, 3];
/** So many keys in turn that none is remembered when it comes again. */
const RARE_KEYS = 200_000;

function poolOf(size: number): PoolView {
  const indices = Array.from({ length: size }, (_, index) => index);
  return {
    size,
    names: indices.map((index) => `ws://10.0.${index >>> 8}.${index & 255}:8000`),
    eligible: Uint8Array.from(indices, (index) => (index % OUT_EVERY === OUT_EVERY - 1 ? 0 : 1)),
    weight: Float64Array.from(indices, (index) => WEIGHTS[index % WEIGHTS.length] ?? 1),
    load: Int32Array.from(indices, (index) => index % 50),
    stale: false,
  };
}

function subject(
  name: string,
  input: BalanceInput,
  size: number,
  view: PoolView = poolOf(size),
  keyCount = 1024,
): Subject {
  const balancer = createBalancer(balanceSchema.parse(input), seededRandom(SEED));
  const keys = Array.from({ length: keyCount }, (_, index) => ({ key: `/room/${index}`, tried: [] }));
  let turn = 0;
  const pick = (): number => {
    turn = (turn + 1) % keys.length;
    const request = keys[turn];
    if (request === undefined) return -1;
    const index = balancer.pick(view, request);
    view.load[index] = (view.load[index] ?? 0) + 1;
    return index;
  };
  return {
    name: `${name}, ${size} backends`,
    check() {
      const picked = new Set<number>();
      for (let i = 0; i < 20 * size; i += 1) {
        const index = pick();
        if (view.eligible[index] !== 1) throw new Error(`${name} picked ${index}, which takes no new work`);
        picked.add(index);
      }
      if (picked.size < 2) throw new Error(`${name} always picks the same`);
    },
    run: pick,
    limit: LIMIT,
  };
}

const key = { method: "hash", by: "path" } as const;

report(
  "pick",
  SIZES.flatMap((size) => [
    ...BALANCE_METHODS.map((method) => subject(method, method, size)),
    subject("least-connections, counts that lag", "least-connections", size, { ...poolOf(size), stale: true }),
    subject("hash with bounded load", { ...key, loadFactor: 1.25 }, size),
    subject("hash, hardly a key seen twice", key, size, poolOf(size), RARE_KEYS),
    subject("hash, bounded, hardly a key seen twice", { ...key, loadFactor: 1.25 }, size, poolOf(size), RARE_KEYS),
    subject("hash, equal weights", key, size, { ...poolOf(size), weight: new Float64Array(size).fill(1) }),
  ]),
);
