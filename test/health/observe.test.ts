import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { seededRandom } from "../../src/base/index.ts";
import {
  beginProbe,
  dueForProbe,
  healthSchema,
  initialHealth,
  observeHealth,
  observeProbe,
  takesNewWork,
} from "../../src/health/index.ts";
import type { FailureSignal, HealthChange, HealthInput, HealthSignal, HealthState } from "../../src/health/index.ts";

const FAILURES: readonly FailureSignal[] = ["dial-failed", "protocol-error", "heartbeat-timeout", "unexpected-close"];
const DEFAULTS = healthSchema.parse({});
const START = 1_000_000;
const noJitter = () => 0;

/** A backend under observation, with a clock of its own. */
class Patient {
  readonly options;
  state: HealthState = initialHealth(START);
  now = START;
  flips = 0;

  constructor(input: HealthInput = {}) {
    this.options = healthSchema.parse(input);
  }

  wait(ms: number): this {
    this.now += ms;
    return this;
  }

  sees(...signals: readonly HealthSignal[]): this {
    for (const signal of signals) this.#take(observeHealth(this.state, signal, this.now, this.options, noJitter));
    return this;
  }

  /** Begins a probe and ends it at once. */
  probed(signal: HealthSignal): this {
    this.#take(beginProbe(this.state, this.now, this.options));
    this.#take(observeProbe(this.state, signal, this.now, this.options, noJitter));
    return this;
  }

  /** Three failures that do not count as one. */
  falls(): this {
    for (let i = 0; i < this.options.failureThreshold; i += 1)
      this.wait(this.options.failureWindow).sees("dial-failed");
    return this;
  }

  /** Waits out the cool-down. */
  cools(): this {
    this.now = this.state.probeAt;
    return this;
  }

  #take(change: HealthChange): void {
    if (change.flipped) this.flips += 1;
    this.state = change.state;
  }
}

/** One failure short of the threshold, so that the next one tells. */
const EXAMPLES: Readonly<Record<string, () => Patient>> = {
  healthy: () => new Patient().sees("dial-failed").wait(1000).sees("dial-failed").wait(1000),
  unhealthy: () => new Patient().falls().cools(),
  probing: () => {
    const patient = new Patient().falls().cools();
    patient.state = beginProbe(patient.state, patient.now, patient.options).state;
    return patient;
  },
};

describe("the table of states and events", () => {
  const failures = (to: string) => FAILURES.map((signal) => [signal, to] as const);
  const table: Readonly<Record<string, readonly (readonly [event: string, to: string])[]>> = {
    healthy: [
      ["success", "healthy"],
      ...failures("unhealthy"),
      ["begin probe", "healthy"],
      ["probe success", "healthy"],
      ["probe dial-failed", "healthy"],
    ],
    unhealthy: [
      ["success", "unhealthy"],
      ...failures("unhealthy"),
      ["begin probe", "probing"],
      ["probe success", "unhealthy"],
      ["probe dial-failed", "unhealthy"],
    ],
    probing: [
      ["success", "probing"],
      ...failures("probing"),
      ["begin probe", "probing"],
      ["probe success", "healthy"],
      ...FAILURES.map((signal) => [`probe ${signal}`, "unhealthy"] as const),
    ],
  };

  /** What an event of the table does. */
  function apply({ state, now, options }: Patient, event: string): HealthChange {
    if (event === "begin probe") return beginProbe(state, now, options);
    const signals: readonly HealthSignal[] = [...FAILURES, "success"];
    const signal = signals.find((name) => event.endsWith(name))!;
    return event.startsWith("probe ")
      ? observeProbe(state, signal, now, options, noJitter)
      : observeHealth(state, signal, now, options, noJitter);
  }

  for (const [from, rows] of Object.entries(table)) {
    for (const [event, to] of rows) {
      test(`${from} + ${event} = ${to}`, () => {
        const patient = EXAMPLES[from]!();
        assert.equal(patient.state.status, from);
        const before = structuredClone(patient.state);
        const change = apply(patient, event);
        assert.equal(change.state.status, to);
        assert.equal(change.flipped, from !== to);
        assert.deepEqual(patient.state, before, "the old state is left as it was");
        assert.equal(change.state.since, from === to ? before.since : patient.now);
        assert.equal(takesNewWork(change.state), to === "healthy");
        assert.notEqual(change.state.reason, "");
      });
    }
  }
});

test("a new backend is healthy", () => {
  const state = initialHealth(START);
  assert.equal(takesNewWork(state), true);
  assert.equal(dueForProbe(state, START + 10 ** 9), false);
  assert.equal(state.reason, "no failure has been seen yet");
});

test("failures count when they come in a row, of whatever kinds; one success begins anew", () => {
  const patient = new Patient().sees(
    "dial-failed",
    "protocol-error",
    "success",
    "heartbeat-timeout",
    "unexpected-close",
  );
  assert.equal(patient.state.status, "healthy");
  patient.wait(1000).sees("dial-failed");
  assert.equal(patient.state.status, "unhealthy");
  assert.equal(patient.state.reason, "3 failures in a row, the last: it could not be connected to");
  assert.equal(patient.flips, 1);
});

test("ten thousand sockets that are lost at once are one failure", () => {
  const patient = new Patient();
  for (let i = 0; i < 10_000; i += 1) patient.wait(0.05).sees("unexpected-close");
  assert.equal(patient.state.failures, 1);
  assert.equal(patient.state.status, "healthy");
});

test("failures that never end count once each window, and not once for ever", () => {
  const patient = new Patient();
  for (let ms = 0; ms < 2100; ms += 100) patient.wait(100).sees("unexpected-close");
  assert.equal(patient.state.status, "unhealthy");
});

test("without a window every failure counts", () => {
  const patient = new Patient({ failureWindow: 0 }).sees("dial-failed", "dial-failed", "dial-failed");
  assert.equal(patient.state.status, "unhealthy");
});

test("a share of failures is enough where it is configured, once there are enough outcomes", () => {
  const patient = new Patient({ failureRate: { share: 0.5, window: "10s", minSamples: 10 } });
  for (let i = 0; i < 4; i += 1) patient.wait(10).sees("success", "dial-failed");
  assert.equal(patient.state.status, "healthy", "eight outcomes are too few");
  patient.wait(10).sees("success", "dial-failed");
  assert.equal(patient.state.status, "unhealthy");
  assert.equal(patient.state.reason, "50 % failures within 10s, the last: it could not be connected to");
});

test("for the share a mass loss is one outcome too", () => {
  const patient = new Patient({ failureRate: { share: 0.1, window: "10s", minSamples: 10 } });
  for (let i = 0; i < 20; i += 1) patient.wait(1).sees("success");
  for (let i = 0; i < 1000; i += 1) patient.sees("unexpected-close");
  assert.equal(patient.state.status, "healthy");
});

test("what lies longer back than the window is forgotten", () => {
  const patient = new Patient({ failureRate: { share: 0.5, window: "10s", minSamples: 4 } });
  patient.sees("success", "dial-failed", "success").wait(25_000).sees("success", "success", "success", "dial-failed");
  assert.equal(patient.state.status, "healthy", "one failure of four, the older one is gone");
});

test("an unhealthy backend is due for a probe when its cool-down is over", () => {
  const patient = new Patient().falls();
  assert.equal(patient.state.probeAt, patient.now + 5000);
  assert.equal(dueForProbe(patient.state, patient.now + 4999), false);
  assert.equal(dueForProbe(patient.state, patient.now + 5000), true);
});

test("the cool-down doubles up to its maximum as long as probes fail, and the reason says why", () => {
  const patient = new Patient().falls();
  const seconds: number[] = [];
  for (let i = 0; i < 6; i += 1) {
    seconds.push((patient.state.probeAt - patient.now) / 1000);
    patient.cools().probed("heartbeat-timeout");
  }
  assert.deepEqual(seconds, [5, 10, 20, 40, 60, 60]);
  assert.equal(patient.state.reason, "the probe failed: it did not answer a heartbeat");
});

test("one that falls again soon after it came back keeps growing, one that stayed well starts anew", () => {
  const patient = new Patient().falls().cools().probed("success");
  assert.equal(patient.state.reason, "a probe succeeded");
  patient.wait(30_000).falls();
  assert.equal(patient.state.cooldown, 10_000);
  patient.cools().probed("success").wait(60_000).falls();
  assert.equal(patient.state.cooldown, 5000);
});

test("the jitter shortens a cool-down by at most its share", () => {
  const random = seededRandom(3);
  const options = healthSchema.parse({ failureThreshold: 1, cooldownJitter: 0.2 });
  const waits = Array.from({ length: 200 }, () => {
    const { state } = observeHealth(initialHealth(START), "dial-failed", START, options, random);
    return state.probeAt - START;
  });
  assert.ok(Math.min(...waits) > 4000 && Math.min(...waits) < 4050);
  assert.ok(Math.max(...waits) <= 5000 && Math.max(...waits) > 4950);
});

test("several probes in a row are asked for where it is configured, at their interval", () => {
  const patient = new Patient({ successThreshold: 2, probe: { interval: "1s" } }).falls().cools().probed("success");
  assert.equal(patient.state.status, "probing");
  assert.equal(dueForProbe(patient.state, patient.now + 999), false);
  assert.equal(dueForProbe(patient.state, patient.now + 1000), true);
  patient.wait(1000).probed("success");
  assert.equal(patient.state.reason, "2 probes in a row succeeded");
});

test("a failure between the probes of a recovery begins a longer cool-down, and they are counted anew", () => {
  const patient = new Patient({ successThreshold: 2 })
    .falls()
    .cools()
    .probed("success")
    .wait(1000)
    .probed("dial-failed");
  assert.equal(patient.state.status, "unhealthy");
  assert.equal(patient.state.cooldown, 10_000);
  patient.cools().probed("success");
  assert.equal(patient.state.status, "probing");
});

test("a probe that is never reported does not keep a backend away for ever", () => {
  const patient = new Patient().falls().cools();
  const { state } = beginProbe(patient.state, patient.now, DEFAULTS);
  assert.equal(dueForProbe(state, patient.now), false, "nobody probes twice at a time");
  assert.equal(dueForProbe(state, patient.now + 2 * DEFAULTS.probe.timeout), true);
});

test("states survive a journey through JSON", () => {
  const rate = { share: 0.5, window: "10s", minSamples: 10 };
  const states = [
    initialHealth(START),
    new Patient({ failureRate: rate }).sees("dial-failed").state,
    EXAMPLES["unhealthy"]!().state,
    EXAMPLES["probing"]!().state,
  ];
  for (const state of states) {
    const copy = JSON.parse(JSON.stringify(state)) as HealthState;
    assert.deepEqual({ samples: undefined, ...copy }, state);
    for (const value of Object.values(state)) assert.ok(typeof value !== "number" || Number.isFinite(value));
  }
});

test("whatever happens, status and times stay in order and a backend can always come back", () => {
  const event = fc.record({
    wait: fc.nat({ max: 20_000 }),
    probe: fc.boolean(),
    signal: fc.constantFrom<HealthSignal>("success", ...FAILURES),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 100 }), (events) => {
      const patient = new Patient();
      for (const { wait, probe, signal } of events) {
        patient.wait(wait);
        const before = patient.state;
        if (probe && dueForProbe(before, patient.now)) patient.probed(signal);
        else patient.sees(signal);
        const { state } = patient;
        assert.ok(state.since <= patient.now && state.cooldown <= 60_000);
        if (state.status === "unhealthy") {
          assert.ok(state.coolsUntil <= state.since + 60_000 && state.probeAt <= state.since + 300_000);
        }
        assert.ok(state.flaps >= before.flaps && state.penalty < 10);
        if (state.status === "healthy") assert.ok(state.failures < 3);
      }
      if (patient.state.status !== "healthy") patient.cools().probed("success");
      assert.equal(patient.state.status, "healthy");
    }),
  );
});

test("options that contradict each other or mean nothing are refused", () => {
  const messageOf = (input: unknown) => healthSchema.safeParse(input).error?.issues[0]?.message ?? "accepted";
  assert.match(messageOf({ cooldown: "2m" }), /maxCooldown is shorter than cooldown/);
  assert.match(messageOf({ cooldown: 0 }), /at least 1ms/);
  assert.match(messageOf({ probe: { path: "socket" } }), /begins with "\/"/);
  assert.match(messageOf({ failureRate: { share: 0 } }), /./);
  assert.equal(messageOf({ failureRate: {}, failureWindow: 0, probe: { path: "/ws?probe=1" } }), "accepted");
});
