import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeCertificate } from "../../bench/lab/certificate.ts";
import { freePort } from "../../bench/lab/ports.ts";
import { findProgram } from "../../bench/lab/programs.ts";
import { VARIANTS } from "../../bench/proxies/variants.ts";
import { needTool } from "../kit/tools.ts";

test("contestants have names of their own, and each family comes both ways where it can be tuned", () => {
  const ids = VARIANTS.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length);
  for (const family of ["nginx", "haproxy", "caddy", "http-proxy", "http-proxy-3", "httpxy", "fastify"]) {
    const tunings = VARIANTS.filter((variant) => variant.family === family).map(({ tuning }) => tuning);
    assert.deepEqual(tunings, ["default", "tuned"], family);
  }
});

test("the quick run has fairlead, nginx and HAProxy both ways, and one Node peer", () => {
  const quick = VARIANTS.filter((variant) => variant.quick).map(({ id }) => id);
  const expected = ["direct", "fairlead", "fairlead-2", "nginx", "nginx-tuned", "haproxy", "haproxy-tuned", "httpxy"];
  assert.deepEqual(quick, expected);
});

const CHECKS: Record<string, (folder: string) => [string, ...string[]]> = {
  nginx: (folder) => ["nginx", "-t", "-p", folder, "-c", `${folder}/nginx.conf`],
  haproxy: (folder) => ["haproxy", "-c", "-f", `${folder}/haproxy.cfg`],
  caddy: (folder) => ["caddy", "validate", "--adapter", "caddyfile", "--config", `${folder}/Caddyfile`],
};

for (const variant of VARIANTS) {
  const check = CHECKS[variant.family];
  if (check === undefined) continue;
  for (const secure of [false, true]) {
    test(`${variant.id} accepts its configuration ${secure ? "with" : "without"} TLS`, async (t) => {
      const program = findProgram(variant.family);
      if (!needTool(t, variant.family, program !== undefined)) return;

      const folder = mkdtempSync(join(tmpdir(), "fairlead-bench-test-"));
      t.after(() => rmSync(folder, { recursive: true, force: true }));
      const certificate = secure ? makeCertificate(folder, "bench.example") : undefined;
      const launch = variant.launch?.({ port: await freePort(), backend: await freePort(), certificate });
      assert.ok(launch !== undefined);
      for (const [name, text] of Object.entries(launch.files(folder))) writeFileSync(join(folder, name), text);
      const [, ...args] = check(folder);
      const { status, stdout, stderr } = spawnSync(program ?? "", args, { cwd: folder, encoding: "utf8" });
      assert.equal(status, 0, `${stdout}${stderr}`);
    });
  }
}
