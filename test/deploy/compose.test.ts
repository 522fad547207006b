/** The compose file against a schema, its configuration and the Dockerfile. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { z } from "zod";

import { parseDuration } from "../../src/base/index.ts";
import { only, stagesOf } from "./dockerfile.ts";
import { configOf, ROOT, shutdownTime, text, variablesOf, yaml } from "./files.ts";

/** The part of the Compose Specification that the file uses; what it does not know is a mistake. */
const serviceSchema = z.strictObject({
  image: z.string(),
  build: z.strictObject({ context: z.string(), dockerfile: z.string(), target: z.string() }),
  read_only: z.boolean(),
  cap_drop: z.array(z.string()),
  security_opt: z.array(z.string()),
  stop_grace_period: z.string(),
  restart: z.enum(["no", "always", "on-failure", "unless-stopped"]),
  ports: z.array(z.string().regex(/^(?:[\d.]+:)?\d+:\d+$/)).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  ulimits: z.strictObject({ nofile: z.number().int() }).optional(),
  depends_on: z.record(z.string(), z.strictObject({ condition: z.literal("service_healthy") })).optional(),
});

const composeSchema = z.strictObject({
  name: z.string(),
  "x-backend": z.unknown(),
  services: z.record(z.string(), serviceSchema),
});

const { services } = composeSchema.parse(yaml("deploy/compose.yaml"));
const { fairlead, ...backends } = services;
assert.ok(fairlead !== undefined);
const content = text("deploy/compose/fairlead.yaml");
const { config, warnings } = configOf(content, { ADMIN_TOKEN: "a token of some length" });
const stages = stagesOf(text("deploy/Dockerfile"));

describe("the compose file", () => {
  test("has a configuration without a warning, whose variables it gives", () => {
    assert.deepEqual(warnings, []);
    assert.deepEqual(variablesOf(content), Object.keys(fairlead.environment ?? {}));
    assert.deepEqual(fairlead.volumes, ["./compose:/etc/fairlead:ro"]);
    assert.ok(existsSync(join(ROOT, "deploy/compose/fairlead.yaml")));
    const [, last] = /CMD \["--config", "(.*)"\]/.exec(text("deploy/Dockerfile")) ?? [];
    assert.equal(last, "/etc/fairlead/fairlead.yaml");
  });

  test("publishes the ports that are listened on, the admin API's on this machine only", () => {
    assert.ok(config.admin !== "off");
    const [listener] = config.listeners;
    assert.deepEqual(fairlead.ports, [
      `${listener?.port}:${listener?.port}`,
      `127.0.0.1:${config.admin.port}:${config.admin.port}`,
    ]);
    assert.deepEqual([listener?.host, config.admin.host], ["0.0.0.0", "0.0.0.0"]);
  });

  test("has exactly the three backends of the configuration, and waits until they are healthy", () => {
    const stage = stages.find(({ name }) => name === "backend");
    assert.ok(stage !== undefined);
    const port = only(stage, "EXPOSE");
    const names = Object.keys(backends);
    assert.deepEqual(names, ["backend-1", "backend-2", "backend-3"]);
    assert.deepEqual(
      config.pools["echo"]?.backends.map(({ name }) => name),
      names.map((name) => `ws://${name}:${port}`),
    );
    assert.deepEqual(Object.keys(fairlead.depends_on ?? {}), names);
    assert.ok(only(stage, "HEALTHCHECK") !== undefined);
  });

  test("builds stages that exist, from the checkout", () => {
    for (const { build } of Object.values(services)) {
      assert.deepEqual([build.context, build.dockerfile], ["..", "deploy/Dockerfile"]);
      assert.ok(
        stages.some(({ name }) => name === build.target),
        build.target,
      );
    }
  });

  test("waits for the drain before it kills", () => {
    const grace = parseDuration(fairlead.stop_grace_period);
    assert.ok(typeof grace === "number" && grace >= shutdownTime(config), `${grace} ms is enough`);
  });

  test("lets nothing be written, gained or left to root", () => {
    for (const [name, service] of Object.entries(services)) {
      assert.equal(service.read_only, true, name);
      assert.deepEqual(service.cap_drop, ["ALL"], name);
      assert.deepEqual(service.security_opt, ["no-new-privileges:true"], name);
    }
  });
});
