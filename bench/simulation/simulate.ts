import type { BalanceInput } from "../../src/balancing/index.ts";
import type { Random } from "../../src/base/index.ts";
import type { RebalanceTerms } from "../../src/moves/index.ts";
import type { Backend } from "../../src/pool/index.ts";
import { Agenda } from "./agenda.ts";
import { SimulatedBackend } from "./backend.ts";
import { draw, stream } from "./draws.ts";
import { Measurement } from "./measurement.ts";
import type { Course } from "./measurement.ts";
import { Rebalancing } from "./rebalancing.ts";
import type { Movable } from "./rebalancing.ts";
import type { Scenario, Turn } from "./scenario.ts";
import { exchange, poolConfig, SimulatedWorker } from "./worker.ts";

const SECOND_MS = 1000;
/** What clients come for; equally many come for each. */
const ROOMS = 2000;
/** The first tunnels come within so many seconds. */
const RAMP = 20;

/** Each kind of draw has numbers of its own. */
const Draws = { arrivals: 1, changes: 2, flow: 3, moves: 4, firstDice: 10 } as const;
/** Seconds between two steps of a rebalance. */
const REBALANCE_STEP = 0.25;
/** Seconds that a client whose tunnel was moved takes to come back. */
const AWAY = 1;
/** Rebalancing begins so many seconds after the first tunnels have come. */
const REBALANCE_FROM = 10;

/** One client's tunnel. */
interface SimulatedTunnel extends Movable {
  readonly worker: SimulatedWorker;
  readonly room: string;
  rate: number;
  backend: Backend | undefined;
  /** How often it was moved. */
  moves: number;
  /** Its client has gone for good. */
  over: boolean;
}

/** What happens at some time: to a tunnel, or to backends. */
interface Event {
  readonly at: number;
  readonly run: () => void;
}

/**
 * Runs a scenario with one balancing method. The same seed brings the same clients, whatever the method.
 *
 * @param rebalance how the pool is rebalanced; not at all unless given
 */
export function simulate(scenario: Scenario, balance: BalanceInput, seed: number, rebalance?: RebalanceTerms): Course {
  const world = new World(scenario, balance, seed, rebalance);
  return world.run();
}

class World {
  private now = 0;
  private readonly scenario: Scenario;
  private readonly balance: BalanceInput;
  private readonly agenda = new Agenda<Event>();
  private readonly backends = new Map<string, SimulatedBackend>();
  private readonly workers: readonly SimulatedWorker[];
  private readonly loads = new Map<string, number[]>();
  private readonly open = new Map<string, Set<SimulatedTunnel>>();
  private readonly measurement = new Measurement();
  private readonly arrivals: Random;
  private readonly changes: Random;
  private readonly flow: Random;

  private readonly rebalance: RebalanceTerms | undefined;
  private readonly seed: number;

  constructor(scenario: Scenario, balance: BalanceInput, seed: number, rebalance: RebalanceTerms | undefined) {
    this.rebalance = rebalance;
    this.seed = seed;
    this.scenario = scenario;
    this.balance = balance;
    this.arrivals = stream(seed, Draws.arrivals);
    this.changes = stream(seed, Draws.changes);
    this.flow = stream(seed, Draws.flow);
    this.addBackends(scenario.backends);
    const config = poolConfig(balance, [...this.backends.values()]);
    const traits = { workers: scenario.workers, reports: scenario.reports ?? false };
    const now = (): number => this.now * SECOND_MS;
    this.workers = Array.from({ length: scenario.workers }, (_, place) => {
      const dice = stream(seed, Draws.firstDice + place);
      return new SimulatedWorker(config, traits, now, dice, this.flow);
    });
  }

  run(): Course {
    const { tunnels, turns, until, lag, workers, lifetime, giants = [] } = this.scenario;
    for (let i = 0; i < tunnels; i += 1) this.at(this.arrivals() * RAMP, () => this.arrive());
    this.arriveLater(tunnels / lifetime.mean);
    for (const { at, rate } of giants) this.at(at, () => this.arriveGiant(rate));
    for (const turn of turns) this.at(turn.at, () => this.turn(turn));
    this.every(1, () => this.second());
    if (workers > 1) this.every(lag, () => this.tellLoads());
    if (this.rebalance !== undefined) this.at(RAMP + REBALANCE_FROM, () => this.beginToRebalance());
    while (this.agenda.next <= until) {
      const event = this.agenda.take();
      this.now = event?.at ?? until;
      event?.run();
    }
    return this.measurement.course();
  }

  private at(at: number, run: () => void): void {
    this.agenda.add({ at, run });
  }

  private every(seconds: number, run: () => void): void {
    this.at(this.now + seconds, () => {
      run();
      this.every(seconds, run);
    });
  }

  /** Clients come at any time, so many a second in the mean. */
  private arriveLater(rate: number): void {
    this.at(this.now + draw("exponential", 1 / rate, this.arrivals), () => {
      this.arrive();
      this.arriveLater(rate);
    });
  }

  private arrive(): void {
    const { lifetime, rate } = this.scenario;
    const random = this.arrivals;
    const lasts = draw(lifetime.spread, lifetime.mean, random);
    const worker = this.workers[Math.floor(random() * this.workers.length)];
    const room = `/room/${Math.floor(random() * ROOMS)}`;
    const rateNow = draw(rate.spread, rate.mean, random);
    if (worker === undefined) return;
    const tunnel = newTunnel(worker, room, rateNow);
    this.connect(tunnel);
    this.at(this.now + lasts, () => {
      tunnel.over = true;
      this.disconnect(tunnel);
    });
    if (rate.kept !== undefined) this.changeLater(tunnel, rate.kept);
  }

  private arriveGiant(rate: number): void {
    const [worker] = this.workers;
    if (worker !== undefined) this.connect(newTunnel(worker, "/room/giant", rate));
  }

  private connect(tunnel: SimulatedTunnel): void {
    const backend = tunnel.worker.open(tunnel.room, tunnel.rate, this.backends);
    tunnel.backend = backend;
    tunnel.openedAt = this.now * SECOND_MS;
    if (backend !== undefined) this.tunnelsOf(backend.name).add(tunnel);
  }

  private disconnect(tunnel: SimulatedTunnel): void {
    const { worker, backend, rate } = tunnel;
    if (backend === undefined) return;
    tunnel.backend = undefined;
    this.tunnelsOf(backend.name).delete(tunnel);
    worker.close(backend, rate, this.backends);
  }

  private changeLater(tunnel: SimulatedTunnel, kept: number): void {
    this.at(this.now + draw("exponential", kept, this.changes), () => {
      const { worker, backend } = tunnel;
      const simulated = backend && this.backends.get(backend.name);
      if (backend === undefined || simulated === undefined) return;
      const before = tunnel.rate;
      tunnel.rate = draw(this.scenario.rate.spread, this.scenario.rate.mean, this.changes);
      worker.changeRate(backend, simulated, tunnel.rate - before);
      this.changeLater(tunnel, kept);
    });
  }

  private beginToRebalance(): void {
    if (this.rebalance === undefined) return;
    const random = stream(this.seed, Draws.moves);
    const strainOf = (name: string): number => this.workers[0]?.pool.backend(name)?.gauge.strain ?? 1;
    const rebalancing = new Rebalancing<SimulatedTunnel>(this.rebalance, this.now * SECOND_MS, random, strainOf);
    this.every(REBALANCE_STEP, () => {
      const backends = [...this.backends.values()];
      const moved = rebalancing.step(this.now * SECOND_MS, backends, (name) => this.tunnelsOf(name));
      for (const tunnel of moved) this.move(tunnel);
    });
  }

  private move(tunnel: SimulatedTunnel): void {
    tunnel.moves += 1;
    this.measurement.moved(tunnel.moves);
    this.disconnect(tunnel);
    this.at(this.now + AWAY, () => {
      if (!tunnel.over) this.connect(tunnel);
    });
  }

  private second(): void {
    for (const backend of this.backends.values()) backend.pass(1);
    const readings = this.workers.map((worker) => worker.look(this.backends));
    if (this.workers.length > 1) exchange(this.workers, readings);
    if (this.now >= this.scenario.from) this.measurement.note(this.now, [...this.backends.values()]);
  }

  private tellLoads(): void {
    const told = this.workers.map((worker) => worker.takeLoads());
    for (const [place, changes] of told.entries()) {
      for (const [name, load] of changes) {
        const loads = this.loads.get(name) ?? Array.from(this.workers, () => 0);
        loads[place] = load;
        this.loads.set(name, loads);
      }
    }
    for (const name of new Set(told.flat().map(([changed]) => changed))) {
      const loads = this.loads.get(name) ?? [];
      const all = loads.reduce((sum, load) => sum + load, 0);
      for (const [place, { pool }] of this.workers.entries()) pool.setOthers(name, all - (loads[place] ?? 0));
    }
  }

  private turn(turn: Turn): void {
    if (turn.kind === "add") {
      this.addBackends(turn.count);
      this.reconfigure();
      return;
    }
    const backend = [...this.backends.values()][turn.backend];
    if (backend === undefined) return;
    if (turn.kind === "slow") backend.slowDown(turn.factor);
    else this.replace(backend, turn.over, turn.away);
  }

  private replace(backend: SimulatedBackend, over: number, away: number): void {
    this.setActive(backend, false);
    for (const tunnel of this.tunnelsOf(backend.name)) {
      this.at(this.now + this.changes() * over, () => {
        if (tunnel.backend?.name !== backend.name) return;
        this.disconnect(tunnel);
        this.connect(tunnel);
      });
    }
    this.at(this.now + away, () => this.setActive(backend, true));
  }

  private setActive(backend: SimulatedBackend, active: boolean): void {
    backend.active = active;
    this.reconfigure();
  }

  private addBackends(count: number): void {
    const { tunnels, rate, backends } = this.scenario;
    for (let i = 0; i < count; i += 1) {
      const name = `ws://10.0.0.${this.backends.size + 1}:8000`;
      this.backends.set(name, new SimulatedBackend(name, (tunnels * rate.mean) / backends));
    }
  }

  private reconfigure(): void {
    const config = poolConfig(this.balance, [...this.backends.values()]);
    for (const { pool } of this.workers) pool.update(config, "simulated");
  }

  private tunnelsOf(name: string): Set<SimulatedTunnel> {
    const tunnels = this.open.get(name) ?? new Set();
    this.open.set(name, tunnels);
    return tunnels;
  }
}

function newTunnel(worker: SimulatedWorker, room: string, rate: number): SimulatedTunnel {
  return { worker, room, rate, backend: undefined, openedAt: 0, moves: 0, over: false };
}
