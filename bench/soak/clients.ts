import { seededRandom } from "../../src/base/index.ts";
import { answerCalls } from "../load/answering.ts";
import type { ClientsCalls } from "./protocol.ts";
import { readFlood } from "./reader.ts";
import { askOn } from "./requester.ts";
import { Tally } from "./tally.ts";
import { reside, talk } from "./talker.ts";
import type { World } from "./world.ts";

/** The clients of the soak, a process of its own. */

const tally = new Tally();
const end = new AbortController();
let calm = new AbortController();
let busy: Promise<unknown> = Promise.resolve();
let residents: Promise<unknown> | undefined;
let sender = 0;

/** So many at a time, each followed by the next, until all is calm. */
function keep(count: number, world: World, live: (world: World) => Promise<void>): Promise<unknown> {
  const one = async (): Promise<void> => {
    while (!world.calm.aborted) await live(world);
  };
  return Promise.all(Array.from({ length: count }, one));
}

const calls: ClientsCalls = {
  async start({ doors, crowd, seed, first }) {
    calm = new AbortController();
    sender = Math.max(sender, first);
    const random = seededRandom(seed);
    const nextSender = (): number => (sender += 1);
    const world: World = { random, tally, doors, nextSender, calm: calm.signal };
    if (crowd.residents > 0)
      residents ??= Promise.all(Array.from({ length: crowd.residents }, () => reside(world, end.signal)));
    busy = Promise.all([
      keep(crowd.talkers, world, talk),
      keep(crowd.readers, world, readFlood),
      Promise.all(Array.from({ length: crowd.requesters }, () => askOn(world))),
    ]);
  },

  async calm() {
    calm.abort();
    await busy;
  },

  async end() {
    end.abort();
    await residents;
  },

  async report() {
    return tally.take();
  },
};

answerCalls(calls);
