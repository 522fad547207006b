import { Wheel } from "../../src/base/index.ts";
import type { Clock } from "../../src/base/index.ts";
import type { RehomeOptions, TunnelOptions } from "../../src/config/index.ts";
import { Home, Tunnel, unreadMeters } from "../../src/relay/index.ts";
import type { RehomeReason, Search } from "../../src/relay/index.ts";
import { Afterwards, FakeLeg, OPTIONS, TICK } from "./world.ts";

/** A tunnel between legs in memory whose backend can be exchanged. */

const REHOME: RehomeOptions = {
  buffer: 1_000,
  timeout: 5_000,
  quiet: 300,
  holdMessage: 200,
  replay: 0,
  replayBytes: 200,
  swallowReplies: 0,
  handOverCodes: [],
};

export interface MovableWorld {
  readonly tunnel: Tunnel;
  readonly home: Home;
  readonly client: FakeLeg;
  /** All that there have been, the present one last. */
  readonly backends: FakeLeg[];
  /** The present one, or the last one. */
  readonly backend: () => FakeLeg;
  /** What was asked for, in order. */
  readonly searches: Search[];
  /** Searches that the tunnel gave up itself. */
  readonly givenUp: () => number;
  /** Why the tunnel could not leave its backend, each time. */
  readonly stuck: RehomeReason[];
  /** Messages that have waited in vain. */
  readonly dropped: () => number;
  /** Has another backend take the tunnel. */
  readonly join: (early?: Uint8Array, stalled?: boolean) => FakeLeg;
  readonly over: () => number;
  readonly wheel: Wheel;
  readonly pass: (ms: number) => void;
}

const AGREED = { deflate: false, foreignExtensions: false };

export const openMovable = (
  rehome: Partial<RehomeOptions> = {},
  options: Partial<TunnelOptions> = {},
): MovableWorld => {
  let time = 1_000_000;
  const clock: Clock = { now: () => time, wall: () => time };
  const wheel = new Wheel(clock, TICK);
  const afterwards = new Afterwards();
  const client = new FakeLeg("client", afterwards);
  const backends = [new FakeLeg("backend", afterwards)];
  const searches: Search[] = [];
  const stuck: RehomeReason[] = [];
  let givenUp = 0;
  let dropped = 0;
  let over = 0;
  const finder = {
    search: (search: Search) => void searches.push(search),
    searchOver: () => void (givenUp += 1),
    stuck: (reason: RehomeReason) => void stuck.push(reason),
    dropped: (messages: number) => void (dropped += messages),
  };
  const all: RehomeOptions = { ...REHOME, ...rehome };
  const home = new Home(all, finder);
  const owner = { home, backendAnswered: () => undefined, tunnelOver: () => void (over += 1) };
  const world = { wheel, clock, random: () => 0, meters: unreadMeters() };
  const backend = (): FakeLeg => backends.at(-1) as FakeLeg;
  const tunnel = new Tunnel(client, backend(), { ...OPTIONS, ...options, rehome: all }, AGREED, world, owner);
  tunnel.start(undefined, undefined);
  afterwards.run();
  const join = (early?: Uint8Array, stalled = false): FakeLeg => {
    const leg = new FakeLeg("backend", afterwards);
    leg.stalled = stalled;
    if (home.join(leg, AGREED, early)) backends.push(leg);
    else leg.destroy();
    afterwards.run();
    return leg;
  };
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= TICK) {
      time += Math.min(left, TICK);
      wheel.tick();
      afterwards.run();
    }
  };
  return {
    tunnel,
    home,
    client,
    backends,
    backend,
    searches,
    stuck,
    givenUp: () => givenUp,
    dropped: () => dropped,
    join,
    over: () => over,
    wheel,
    pass,
  };
};
