import { z } from "zod";
import { durationField } from "../base/index.ts";
import type { Milliseconds, PoolView, Random } from "../base/index.ts";
import type { Algorithm, Balancer, Measures } from "./algorithm.ts";
import { cheaperOfTwo } from "./candidates.ts";

/** Counted in for everybody: on one network, differences far below it say nothing about backends. */
const LATENCY_FLOOR_MS: Milliseconds = 1;

const schema = z
  .strictObject({
    method: z.literal("fastest"),
    decay: durationField({ min: 1000 })
      .prefault("10s")
      .describe(
        "Time constant with which a slow answer is forgotten once the backend answers faster; a slower one is believed at once.",
      ),
  })
  .describe(
    "Of two backends drawn at random the one that answers handshakes and heartbeats faster, times what it has open, for its weight.",
  );

type Options = z.output<typeof schema>;

/** Power of two choices over the peak of an exponentially weighted latency, times open tunnels and requests. */
export const fastest = {
  schema,
  needs: { key: false },
  usesWeights: true,
  measures: ({ decay }: Options): Measures => ({ latency: { decay } }),
  create: (_options: Options, random: Random): Balancer => ({
    pick: (view, { tried }) => cheaperOfTwo(view, tried, random, cost),
  }),
} satisfies Algorithm<Options>;

function cost(view: PoolView, index: number): number {
  const waits = (view.latency(index) + LATENCY_FLOOR_MS) * (view.load(index) + 1);
  return (waits * view.strain(index)) / view.weight(index);
}
