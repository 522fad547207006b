import assert from "node:assert/strict";
import { describe, test } from "node:test";

import fc from "fast-check";

import { FairleadError } from "../../src/base/index.ts";
import {
  addBackend,
  applyChanges,
  changeBackend,
  type Changes,
  type Config,
  type ConfigInput,
  InputError,
  NO_CHANGES,
  parseConfig,
  rebase,
  removeBackend,
} from "../../src/config/index.ts";

const parse = (input: ConfigInput): Config => parseConfig(input).config;

const A = "ws://10.0.0.1:8000";
const B = "ws://10.0.0.2:8000";
const C = "ws://10.0.0.3:8000";
const file = parse({ pools: { chat: { backends: [A, B] }, rooms: { backends: [C] } }, defaultPool: "chat" });

/** The backends of a pool in force, each with what it has that is not as usual. */
const inForce = (config: Config, changes: Changes, pool = "chat"): string[] =>
  applyChanges(config, changes).pools[pool]?.backends.map(({ name, weight, state, maxConnections }) =>
    [name, weight === 1 ? "" : weight, state === "active" ? "" : state, maxConnections ?? ""]
      .filter((text) => text !== "")
      .join(" "),
  ) ?? [];

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof FairleadError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "fine";
};

describe("backends at run time", () => {
  test("one is added, changed and removed again, and nothing is left of that", () => {
    const added = addBackend(NO_CHANGES, file, "chat", { url: "http://10.0.0.9:80", weight: 2, maxConnections: 5 });
    assert.deepEqual(inForce(file, added), [A, B, "ws://10.0.0.9 2 5"]);
    const changed = changeBackend(added, file, "chat", "ws://10.0.0.9:80", { state: "draining" });
    assert.deepEqual(inForce(file, changed), [A, B, "ws://10.0.0.9 2 draining 5"]);
    assert.deepEqual(removeBackend(changed, file, "chat", "ws://10.0.0.9"), NO_CHANGES);
  });

  test("one of the file's is changed, value by value; what the file says anyway is no change", () => {
    const once = changeBackend(NO_CHANGES, file, "chat", B, { weight: 3 });
    const twice = changeBackend(once, file, "chat", B, { maxConnections: "off", state: "draining" });
    assert.deepEqual(inForce(file, twice), [A, `${B} 3 draining off`]);
    assert.deepEqual(twice, [
      { pool: "chat", backend: B, kind: "changed", values: { weight: 3, state: "draining", maxConnections: "off" } },
    ]);
    assert.deepEqual(changeBackend(once, file, "chat", B, { weight: 1 }), NO_CHANGES);
    assert.deepEqual(changeBackend(once, file, "chat", B, {}), once);
  });

  test("one of the file's is removed, and what is added in its name stands in its place", () => {
    const removed = removeBackend(NO_CHANGES, file, "chat", A);
    assert.deepEqual(inForce(file, removed), [B]);
    const again = addBackend(removed, file, "chat", { url: A, weight: 5 });
    assert.deepEqual(inForce(file, again), [`${A} 5`, B]);
    assert.deepEqual(inForce(file, changeBackend(again, file, "chat", A, { weight: 6 })), [`${A} 6`, B]);
    assert.deepEqual(changeBackend(again, file, "chat", A, { weight: 1 }), NO_CHANGES);
    assert.deepEqual(addBackend(removed, file, "chat", { url: A }), NO_CHANGES);
    assert.deepEqual(removeBackend(again, file, "chat", A), removed);
  });

  test("what is not there is not found, and what was meant is told", () => {
    assert.equal(
      codeOf(() => addBackend(NO_CHANGES, file, "chta", {})),
      'NOT_FOUND: there is no pool "chta"; did you mean "chat"?',
    );
    assert.equal(
      codeOf(() => changeBackend(NO_CHANGES, file, "constructor", A, {})),
      'NOT_FOUND: there is no pool "constructor"; the pools are: chat, rooms',
    );
    assert.equal(
      codeOf(() => changeBackend(NO_CHANGES, file, "chat", "ws://10.0.0.1:800", {})),
      `NOT_FOUND: pool "chat" has no backend ws://10.0.0.1:800; did you mean ${A}?`,
    );
    assert.equal(
      codeOf(() => removeBackend(NO_CHANGES, file, "chat", "x")),
      `NOT_FOUND: pool "chat" has no backend x; its backends are: ${A}, ${B}`,
    );
    const removed = removeBackend(NO_CHANGES, file, "chat", A);
    assert.match(
      codeOf(() => removeBackend(removed, file, "chat", A)),
      /^NOT_FOUND/,
    );
  });

  test("what does not fit is a conflict: what is there already, and the last of its pool", () => {
    assert.equal(
      codeOf(() => addBackend(NO_CHANGES, file, "chat", { url: "http://10.0.0.1:8000" })),
      `CONFLICT: pool "chat" has ${A} already; change it instead`,
    );
    assert.equal(
      codeOf(() => removeBackend(NO_CHANGES, file, "rooms", C)),
      `CONFLICT: ${C} is the last backend of pool "rooms"; add another one first`,
    );
    const added = addBackend(NO_CHANGES, file, "rooms", { url: A });
    assert.deepEqual(inForce(file, removeBackend(added, file, "rooms", C), "rooms"), [A]);
  });

  test("wrong input is judged as in a file, every mistake at once", () => {
    assert.throws(
      () =>
        addBackend(NO_CHANGES, file, "chat", { url: "10.0.0.1:1", weight: 0, stat: "draining", maxConnections: "no" }),
      (error) => {
        assert.ok(error instanceof InputError);
        assert.deepEqual(
          error.problems.toSorted((one, other) => (one.path < other.path ? -1 : 1)),
          [
            { path: "maxConnections", message: 'expected "off" or a number, found "no"' },
            { path: "stat", message: 'unknown key; did you mean "state"?' },
            { path: "url", message: '"10.0.0.1:1" has no scheme; write ws://10.0.0.1:1' },
            { path: "weight", message: "expected a number above 0, found 0" },
          ],
        );
        return true;
      },
    );
    assert.equal(
      codeOf(() => changeBackend(NO_CHANGES, file, "chat", A, { url: B })),
      "INPUT_INVALID: url: unknown key; known here: weight, state, maxConnections",
    );
    assert.equal(
      codeOf(() => addBackend(NO_CHANGES, file, "chat", "ws://a:1")),
      'INPUT_INVALID: expected an object of keys, found "ws://a:1"',
    );
  });
});

describe("a file that is loaded anew", () => {
  const withChat = (...backends: Extract<ConfigInput["backends"], readonly unknown[]>): Config =>
    parse({ pools: { chat: { backends }, rooms: { backends: [C] } }, defaultPool: "chat" });
  const changed = changeBackend(NO_CHANGES, file, "chat", A, { weight: 3, state: "draining" });
  const removed = removeBackend(NO_CHANGES, file, "chat", A);
  const added = addBackend(NO_CHANGES, file, "chat", { url: C, weight: 2 });

  test("it leaves alone what was changed elsewhere", () => {
    const after = withChat(A, { url: B, weight: 7 });
    for (const changes of [changed, removed, added])
      assert.deepEqual(rebase(changes, file, after), { changes, overruled: [] });
  });

  test("it takes back each value of which it says something else than before", () => {
    const { changes, overruled } = rebase(changed, file, withChat({ url: A, weight: 2 }, B));
    assert.deepEqual(changes, [{ pool: "chat", backend: A, kind: "changed", values: { state: "draining" } }]);
    assert.deepEqual(overruled, [`backend ${A} of pool chat: weight 3, set at run time; the file now says 2`]);
  });

  test("it takes back what it has dropped, what it has added itself, and what it has changed of a removed one", () => {
    assert.deepEqual(rebase(changed, file, withChat(B)), {
      changes: NO_CHANGES,
      overruled: [`backend ${A} of pool chat: changed at run time; the file has dropped it`],
    });
    assert.deepEqual(rebase(added, file, withChat(A, B, C)), {
      changes: NO_CHANGES,
      overruled: [`backend ${C} of pool chat: added at run time; the file has it now, and its entry counts`],
    });
    assert.deepEqual(rebase(removed, file, withChat({ url: A, weight: 2 }, B)), {
      changes: NO_CHANGES,
      overruled: [`backend ${A} of pool chat: removed at run time; the file has changed it, so it is back`],
    });
    assert.deepEqual(rebase(added, file, parse({ backends: [A] })).overruled, [
      `backend ${C} of pool chat: added at run time; the file has dropped the pool`,
    ]);
  });

  test("what both have removed is not worth a word, and a pool is never left empty", () => {
    assert.deepEqual(rebase(removed, file, withChat(B)), { changes: NO_CHANGES, overruled: [] });
    const { changes, overruled } = rebase(removed, file, withChat(A));
    assert.deepEqual(changes, NO_CHANGES);
    assert.deepEqual(overruled, [
      `backend ${A} of pool chat: removed at run time; the file has no other one now, so it is back`,
    ]);
  });
});

describe("laws", () => {
  const values = {
    weight: fc.constantFrom(1, 2, 0.5),
    state: fc.constantFrom("active" as const, "draining" as const),
    maxConnections: fc.constantFrom("off" as const, 500),
  };
  const url = fc.constantFrom(A, B, C, "wss://[::1]:8443");
  const entry = fc.record({ url, ...values }, { requiredKeys: ["url"] });
  const backends = fc.uniqueArray(entry, { minLength: 1, selector: (one) => one.url });
  const config = fc.record({ chat: backends, constructor: backends }, { requiredKeys: ["chat"] }).map((pools) =>
    parse({
      pools: Object.fromEntries(Object.entries(pools).map(([name, all]) => [name, { backends: all }])),
      defaultPool: "chat",
    }),
  );
  const step = fc.record({
    pool: fc.constantFrom("chat", "constructor"),
    entry,
    does: fc.constantFrom("add", "change", "remove"),
  });
  type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

  /** What a row of steps amounts to; those that are refused change nothing. */
  function changesOf(base: Config, steps: readonly Step[]): Changes {
    let changes = NO_CHANGES;
    for (const {
      pool,
      entry: { url: name, ...rest },
      does,
    } of steps) {
      try {
        if (does === "add") changes = addBackend(changes, base, pool, { url: name, ...rest });
        else if (does === "change") changes = changeBackend(changes, base, pool, name, rest);
        else changes = removeBackend(changes, base, pool, name);
      } catch (error) {
        if (!(error instanceof FairleadError)) throw error;
      }
    }
    return changes;
  }

  const steps = fc.array(step, { maxLength: 8 });

  test("without changes a configuration is itself, and pools without changes are themselves", () => {
    fc.assert(
      fc.property(config, steps, (base, all) => {
        assert.equal(applyChanges(base, NO_CHANGES), base);
        const changes = changesOf(
          base,
          all.filter(({ pool }) => pool !== "chat"),
        );
        assert.equal(applyChanges(base, changes).pools["chat"], base.pools["chat"]);
      }),
    );
  });

  test("changes that are applied twice are applied once", () => {
    fc.assert(
      fc.property(config, steps, (base, all) => {
        const changes = changesOf(base, all);
        const once = applyChanges(base, changes);
        assert.deepEqual(applyChanges(once, changes), once);
        assert.ok(Object.isFrozen(once.pools["chat"]?.backends));
      }),
    );
  });

  test("what is in force is what a file would have said, and changes outlive a journey through JSON", () => {
    fc.assert(
      fc.property(config, steps, (base, all) => {
        const changes = changesOf(base, all);
        const { pools } = applyChanges(base, changes);
        const written = Object.entries(pools).map(([name, pool]) => [
          name,
          {
            backends: pool.backends.map(({ name: where, weight, state, maxConnections }) => ({
              url: where,
              weight,
              state,
              maxConnections,
            })),
          },
        ]);
        assert.deepEqual(pools, parse({ pools: Object.fromEntries(written), defaultPool: "chat" }).pools);
        const copy: Changes = JSON.parse(JSON.stringify(changes));
        assert.deepEqual(copy, changes);
      }),
    );
  });

  test("the same file takes nothing back", () => {
    fc.assert(
      fc.property(config, steps, (base, all) => {
        const changes = changesOf(base, all);
        assert.deepEqual(rebase(changes, base, base), { changes, overruled: [] });
      }),
    );
  });

  test("whatever file comes, no pool is left empty, no change is lost without a word, and the next load takes nothing", () => {
    fc.assert(
      fc.property(config, config, steps, (before, after, all) => {
        const changes = changesOf(before, all);
        const rebased = rebase(changes, before, after);
        const effective = applyChanges(after, rebased.changes);
        for (const pool of Object.values(effective.pools)) assert.ok(pool.backends.length > 0);
        for (const change of changes) {
          const isKept = rebased.changes.some((one) => one.pool === change.pool && one.backend === change.backend);
          const isTold = rebased.overruled.some((text) => text.includes(`${change.backend} of pool ${change.pool}:`));
          const pool = new Map(Object.entries(after.pools)).get(change.pool);
          const isGone = pool === undefined || pool.backends.every(({ name }) => name !== change.backend);
          assert.ok(isKept || isTold || (change.kind === "removed" && isGone));
        }
        assert.deepEqual(rebase(rebased.changes, after, after), { changes: rebased.changes, overruled: [] });
      }),
    );
  });
});
