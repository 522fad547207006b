/** How many tunnels there is room for, and how that is found out and told. */
import assert from "node:assert/strict";
import test from "node:test";

import fc from "fast-check";

import { descriptorLimit, parseLimits, parseReport } from "../../src/supervisor/descriptors.ts";
import { tellRoom } from "../../src/supervisor/room-lines.ts";
import { planRoom, roomOfProcess, shareOf, shareOut, UNLIMITED } from "../../src/supervisor/room.ts";

const LIMITS = `Limit                     Soft Limit           Hard Limit           Units
Max core file size        0                    unlimited            bytes
Max processes             96304                96304                processes
Max open files            1024                 524288               files
Max locked memory         8388608              8388608              bytes
`;

test("the soft limit on open files is read from what Linux says", () => {
  assert.equal(parseLimits(LIMITS), 1024);
  assert.equal(parseLimits(LIMITS.replace("1024  ", "unlimited")), undefined);
  assert.equal(parseLimits("something else"), undefined);
});

test("elsewhere it is read from Node's report", () => {
  assert.equal(parseReport({ userLimits: { open_files: { soft: 10_240, hard: "unlimited" } } }), 10_240);
  assert.equal(parseReport({ userLimits: { open_files: { soft: "unlimited", hard: "unlimited" } } }), undefined);
  for (const odd of [undefined, null, 1, {}, { userLimits: 1 }, { userLimits: {} }])
    assert.equal(parseReport(odd), undefined);
});

test("this process has a limit that the report agrees with, or none", () => {
  assert.equal(descriptorLimit(), parseReport(process.report.getReport()));
});

test("shares add up to the total and differ by one at most, whatever the number of workers", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: UNLIMITED }), fc.integer({ min: 1, max: 256 }), (total, among) => {
      const shares = shareOut(total, among);
      assert.equal(shares.length, among);
      assert.equal(
        shares.reduce((sum, share) => sum + BigInt(share), 0n),
        BigInt(total),
      );
      assert.ok(Math.max(...shares) - Math.min(...shares) <= 1);
    }),
  );
});

test("tunnels, newcomers and what is reserved never need more descriptors than there are", () => {
  fc.assert(
    fc.property(fc.integer({ min: 160, max: 2_000_000 }), fc.integer({ min: 1, max: 20 }), (descriptors, listeners) => {
      const { connections, tunnels } = roomOfProcess(descriptors, listeners);
      assert.ok(tunnels >= 1 && tunnels < connections, "some connections are for those that are refused");
      assert.ok(2 * connections + listeners + 100 <= descriptors);
    }),
  );
});

test("20,000 descriptors have room for more than 9,500 tunnels a process", () => {
  const { tunnels } = roomOfProcess(20_000, 2);
  assert.ok(tunnels >= 9_500, String(tunnels));
  assert.equal(planRoom("auto", 2, 20_000, 2).tunnels, 2 * tunnels);
});

test("a limit set by hand holds for all workers together, and never lifts that on open files", () => {
  assert.deepEqual(planRoom(5, 2, 20_000, 1).shares, [3, 2]);
  const small = planRoom(1_000, 2, 512, 1);
  assert.equal(small.tunnels, 2 * small.worker.tunnels);
  assert.equal(shareOf(small, 0, 0), small.worker.tunnels);
  assert.equal(planRoom(7, 2, undefined, 1).tunnels, 7);
});

test("without a limit nothing is limited", () => {
  const room = planRoom("auto", 2, undefined, 1);
  assert.deepEqual([room.tunnels, shareOf(room, 1, 5_000)], [UNLIMITED, UNLIMITED]);
});

const told = (...plan: Parameters<typeof planRoom>): string[] => {
  const lines: string[] = [];
  const at =
    (level: string) =>
    (_: object, text: string): void =>
      void lines.push(`${level}: ${text}`);
  tellRoom(planRoom(...plan), { info: at("info"), warn: at("warn") });
  return lines;
};

test("an operator is told what there is room for and why, and how to raise a limit that is small", () => {
  assert.deepEqual(told("auto", 2, 20_000, 1), [
    "info: room for 19098 tunnels, 9549 in each of 2 workers: a process may open 20000 files",
  ]);
  assert.deepEqual(told("auto", 1, undefined, 1), [
    "info: no limit on open files is known: the number of tunnels is not limited",
  ]);
  assert.deepEqual(told(500, 2, 1024, 1), [
    "info: room for 500 tunnels, shared out among 2 workers, as limits.maxTunnels says",
  ]);
  const [line, warning] = told("auto", 1, 1024, 1);
  assert.equal(line, "info: room for 440 tunnels: a process may open 1024 files");
  assert.match(warning ?? "", /^warn: a process may open 1024 files only.*ulimit -n 65536.*LimitNOFILE.*--ulimit/);
  const [, tooMany] = told(30_000, 2, 20_000, 1);
  assert.match(tooMany ?? "", /^warn: limits\.maxTunnels is 30000, but .* has room for 19098; raise it with/);
});
