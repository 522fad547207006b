import { z } from "zod";
import { durationField, sizeField } from "../base/index.ts";
import type { PoolView, Random } from "../base/index.ts";
import type { Algorithm, Balancer, Measures } from "./algorithm.ts";
import { cheaperOfTwo, cheapest } from "./candidates.ts";
import { createCursor } from "./cursor.ts";

/** Greatest weight of a direction or of an open tunnel. */
const MAX_WEIGHT = 1000;
/** Beyond so many backends two drawn at random stand for all: with many, looking at all costs more than it gains. */
const MAX_LOOKED_AT = 100;

const weightField = () => z.number().min(0).max(MAX_WEIGHT);

const schema = z
  .strictObject({
    method: z.literal("least-load"),
    messageBytes: sizeField()
      .prefault("4KiB")
      .describe(
        "So many bytes cost a backend as much as a message does beside its bytes. A message is a wake-up, two system calls and a handler, some 30 us; parsing takes about as long for 4 KiB.",
      ),
    fromClient: weightField().prefault(1).describe("Weight of what clients send, which is parsed and acted upon."),
    fromBackend: weightField()
      .prefault(0.5)
      .describe("Weight of what the backend sends, which often is made once and sent to many."),
    tunnel: weightField()
      .prefault(0.1)
      .describe(
        "What an open tunnel or request counts though it carries nothing, in messages a second: its heartbeats and its memory. Where little is said, this is what decides.",
      ),
    window: durationField({ min: 1000 })
      .prefault("10s")
      .describe("Time constant of the mean: how fast a change of what tunnels carry is believed."),
  })
  .describe(
    "The backend whose tunnels carry the least for its weight: messages and bytes per second, in both directions, counted over all workers.",
  );

type Options = z.output<typeof schema>;

/** The lowest cost of open tunnels and of what they carry; equal ones in turn. */
export const leastLoad = {
  schema,
  needs: { key: false },
  usesWeights: true,
  measures: ({ messageBytes, fromClient, fromBackend, tunnel, window }: Options): Measures => ({
    activity: { messageBytes, fromClient, fromBackend, tunnel, window },
  }),
  create({ tunnel }: Options, random: Random): Balancer {
    const cursor = createCursor(random);
    const cost = (view: PoolView, index: number): number =>
      ((view.activity(index) + tunnel * view.load(index)) * view.strain(index)) / view.weight(index);
    return {
      pick(view, { tried }) {
        if (view.stale || view.size > MAX_LOOKED_AT) return cheaperOfTwo(view, tried, random, cost);
        const index = cheapest(view, tried, cursor.start(view), cost);
        if (index !== -1) cursor.moveBehind(index);
        return index;
      },
    };
  },
} satisfies Algorithm<Options>;
