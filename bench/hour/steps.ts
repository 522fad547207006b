import { connect } from "node:tls";
import { X509Certificate } from "node:crypto";
import type { Move } from "../../src/admin/index.ts";
import type { EndCause } from "../../src/relay/index.ts";
import { SERVER_NAME } from "../load/dial.ts";
import type { BackendName } from "./backends.ts";
import { POOL } from "./config-file.ts";
import { isRunning, type Stage, successorOf } from "./stage.ts";
import { until } from "./until.ts";

/** Share above its fair share that the last rebalance leaves a backend: half of what the hour allows it in the end. */
const TOLERANCE = 0.02;
/** A rebalance is to be done in some seconds, in tunnels per minute for each that a drain ends in a second. */
const PER_MINUTE = 60;
/** How long a backend stays away that was killed, in milliseconds. */
const AWAY = 1_000;
/** How long what should not happen has time to, in milliseconds. */
const QUIET = 500;

/** Tunnels that a step may end: those of these backends, for these causes. */
export interface Ends {
  readonly of: readonly BackendName[] | "any";
  readonly causes: readonly EndCause[];
}

/** One thing that happens in the hour. */
export interface Step {
  readonly name: string;
  /** Undefined: none may end. */
  readonly ends?: Ends;
  /** Backends of which the log may complain until the end of the step behind this one, which brings them back. */
  readonly down?: readonly BackendName[];
  /** Other lines of the log, above `info`, that belong to it. */
  readonly lines?: RegExp;
  /** @throws Error when it did not work out */
  run(stage: Stage): Promise<void>;
}

/** What happens, in this order; it ends as it began, so that it can happen again. */
export const STEPS: readonly Step[] = [
  {
    name: "one gets twice the weight, by the file",
    run: async ({ file }) => file.change((words) => words.set("one", { weight: 2, state: "active" })),
  },
  {
    name: "four is added, by the API",
    async run(stage) {
      await stage.operator.add(POOL, stage.backends.url("four"));
      await hasState(stage, "four", "active");
    },
  },
  {
    name: "two is drained, by the API",
    ends: { of: ["two"], causes: ["drain"] },
    async run(stage) {
      const { id } = await stage.operator.drain(POOL, stage.backends.url("two"));
      await moved(stage, id);
      await hasNone(stage, "two");
    },
  },
  {
    name: "two takes tunnels again, by the API",
    async run(stage) {
      await stage.operator.change(POOL, stage.backends.url("two"), { state: "active" });
      await hasState(stage, "two", "active");
    },
  },
  {
    name: "weights are changed by the API, and one of them taken back by the file",
    lines: /a change made at run time was overruled: .* weight 5, set at run time; the file now says 1"/,
    async run(stage) {
      const { operator, backends, file } = stage;
      await operator.change(POOL, backends.url("four"), { weight: 3 });
      await operator.change(POOL, backends.url("one"), { weight: 5 });
      await file.change((words) => words.set("one", { weight: 1, state: "active" }));
      await hasWeight(stage, "one", 1);
      await hasWeight(stage, "four", 3);
    },
  },
  { name: "the certificate is replaced", run: (stage) => replaceCertificate(stage, 1) },
  {
    name: "three is killed",
    ends: { of: ["three"], causes: ["backend-vanished"] },
    down: ["three"],
    // Told with the next sample, by when the step may be over.
    lines: /\d+ tunnels were lost with ws/,
    async run(stage) {
      await stage.backends.kill("three");
      await hasNone(stage, "three");
      await pause(stage, AWAY);
    },
  },
  { name: "three comes back", run: (stage) => comesBack(stage, "three") },
  {
    name: "tunnels are rebalanced, by the API",
    ends: { of: "any", causes: ["rebalance"] },
    run: async (stage) => rebalance(stage, true),
  },
  {
    name: "a file with a mistake is refused",
    lines: /the reload has failed, and nothing has changed/,
    async run({ file, operator }) {
      const failures = async (): Promise<number> =>
        (await operator.events()).filter(({ type }) => type === "reload-failed").length;
      const before = await failures();
      await file.spoil(async () => (await failures()) > before);
    },
  },
  {
    name: "four leaves by the API, and five comes by the file",
    ends: { of: ["four"], causes: ["drain"] },
    async run(stage) {
      await stage.file.change((words) => words.set("five", { weight: 1, state: "active" }));
      const move = await stage.operator.remove(POOL, stage.backends.url("four"));
      if (move !== null) await moved(stage, move.id);
      await hasNone(stage, "four");
    },
  },
  {
    name: "one is drained, by the file",
    ends: { of: ["one"], causes: ["drain"] },
    async run(stage) {
      await stage.file.change((words) => words.set("one", { weight: 1, state: "draining" }));
      await until(
        "the drain of one has begun",
        stage.lab.signal,
        async () => (await drainOf(stage, "one")) !== undefined,
      );
      await moved(stage, (await drainOf(stage, "one"))?.id ?? "");
      await hasNone(stage, "one");
    },
  },
  {
    name: "one takes tunnels again, by the file",
    run: async ({ file }) => file.change((words) => words.set("one", { weight: 1, state: "active" })),
  },
  {
    name: "two is killed while three is drained",
    ends: { of: ["two", "three"], causes: ["backend-vanished", "drain"] },
    down: ["two"],
    async run(stage) {
      const { id } = await stage.operator.drain(POOL, stage.backends.url("three"));
      await stage.backends.kill("two");
      await hasNone(stage, "two");
      await moved(stage, id);
      await hasNone(stage, "three");
    },
  },
  {
    name: "two and three come back",
    async run(stage) {
      await stage.operator.change(POOL, stage.backends.url("three"), { state: "active" });
      await comesBack(stage, "two");
    },
  },
  { name: "a new process takes over", ends: { of: "any", causes: ["shutdown"] }, run: upgrade },
  { name: "the certificate is replaced again, in the new process", run: (stage) => replaceCertificate(stage, 0) },
  {
    name: "five leaves, by the file",
    ends: { of: ["five"], causes: ["drain"] },
    async run(stage) {
      await stage.file.change((words) => words.delete("five"));
      await hasNone(stage, "five");
    },
  },
  {
    name: "tunnels are rebalanced, once more",
    ends: { of: "any", causes: ["rebalance"] },
    run: async (stage) => rebalance(stage, false),
  },
];

/** Waits until a drain or a rebalance is done. */
async function moved({ operator, lab }: Stage, id: string): Promise<void> {
  let move: Move | undefined;
  await until(`move ${id} is over`, lab.signal, async () => {
    move = (await operator.moves()).find((one) => one.id === id);
    return move !== undefined && move.state !== "running";
  });
  if (move?.state !== "done") throw new Error(`move ${id} should be done, and is ${move?.state}`);
}

async function drainOf({ operator, backends }: Stage, name: BackendName): Promise<Move | undefined> {
  return (await operator.moves()).findLast(({ kind, backend }) => kind === "drain" && backend === backends.url(name));
}

/** @param brief whether it is cancelled when nothing is left to move, instead of waiting for its next look at the loads */
async function rebalance(stage: Stage, brief: boolean): Promise<void> {
  const { operator, lab } = stage;
  const { id } = await operator.rebalance(POOL, stage.rate * PER_MINUTE, TOLERANCE);
  if (!brief) {
    await moved(stage, id);
    return;
  }
  await until(`nothing is left of ${id}`, lab.signal, async () => {
    const move = (await operator.moves()).find((one) => one.id === id);
    return move !== undefined && move.moved > 0 && move.left === 0;
  });
  await operator.cancelRebalance(id);
}

async function backendOf({ operator, backends }: Stage, name: BackendName) {
  const { pools } = await operator.status();
  return pools.find((pool) => pool.name === POOL)?.backends.find((backend) => backend.name === backends.url(name));
}

/** Waits until a backend has no tunnel; it may be forgotten then. */
async function hasNone(stage: Stage, name: BackendName): Promise<void> {
  await until(`${name} has no tunnel`, stage.lab.signal, async () => ((await backendOf(stage, name))?.load ?? 0) === 0);
}

async function hasState(stage: Stage, name: BackendName, state: "active"): Promise<void> {
  const is = (await backendOf(stage, name))?.state;
  if (is !== state) throw new Error(`${name} should be ${state}, and is ${is ?? "not there"}`);
}

async function hasWeight(stage: Stage, name: BackendName, weight: number): Promise<void> {
  const is = (await backendOf(stage, name))?.weight;
  if (is !== weight) throw new Error(`${name} should have the weight ${weight}, and has ${is ?? "none"}`);
}

async function comesBack(stage: Stage, name: BackendName): Promise<void> {
  await stage.backends.bringBack(name);
  // A backend that was lost is tried with a client's handshake; until somebody comes it stays suspected.
  await until(`${name} is not held back`, stage.lab.signal, async () => {
    const backend = await backendOf(stage, name);
    return backend !== undefined && backend.health !== "unhealthy";
  });
}

async function replaceCertificate(stage: Stage, which: 0 | 1): Promise<void> {
  const certificate = stage.certificates[which];
  await stage.file.replaceCertificate(certificate);
  const { fingerprint256 } = new X509Certificate(certificate.cert);
  await until(
    "new handshakes get the new certificate",
    stage.lab.signal,
    async () => (await shown(stage)) === fingerprint256,
  );
  await pause(stage, QUIET);
}

/** The fingerprint of the certificate that a new client is shown. */
async function shown({ doors }: Stage): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const where = { host: "127.0.0.1", port: doors.tls, ca: doors.ca, servername: SERVER_NAME };
  const socket = connect(where, () => resolve(socket.getPeerCertificate().fingerprint256));
  socket.on("error", reject);
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

/** Replaces fairlead's process, and waits until the old one has gone. */
async function upgrade(stage: Stage): Promise<void> {
  const { operator, fairlead, file, lab } = stage;
  const old = fairlead.pids.at(-1) ?? 0;
  await file.alone(async () => {
    const { started } = await operator.status();
    process.kill(old, "SIGUSR2");
    await until("a new process serves the admin API", lab.signal, async () => {
      const status = await operator.status();
      return status.started !== started && status.state === "running";
    });
    const pid = successorOf(fairlead);
    if (pid === undefined) throw new Error("the log does not name the new process");
    fairlead.upgraded(pid);
  });
  await until("the old process has ended", lab.signal, () => !isRunning(old));
}

async function pause({ lab }: Stage, time: number): Promise<void> {
  const end = performance.now() + time;
  await until("some time has passed", lab.signal, () => performance.now() >= end);
}
