/** The manifests against schemas, against each other, and against the very configuration that they hold. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { parseSize } from "../../src/base/index.ts";
import { exec, only, stagesOf } from "./dockerfile.ts";
import { configOf, projectVersion, ROOT, shutdownTime, text, variablesOf, yaml } from "./files.ts";
import {
  budgetSchema,
  configMapSchema,
  deploymentSchema,
  kustomizationSchema,
  serviceSchema,
} from "./kubernetes-schemas.ts";

const FOLDER = "deploy/kubernetes";
const SECOND_MS = 1_000;
/** What docs/operations.md reckons with: two workers at rest, and a tunnel with a part of a message that waits. */
const AT_REST_BYTES = 200 * 1024 ** 2;
const TUNNEL_BYTES = 16 * 1024;

const deployment = deploymentSchema.parse(yaml(`${FOLDER}/deployment.yaml`)).spec;
const service = serviceSchema.parse(yaml(`${FOLDER}/service.yaml`)).spec;
const budget = budgetSchema.parse(yaml(`${FOLDER}/poddisruptionbudget.yaml`)).spec;
const configMap = configMapSchema.parse(yaml(`${FOLDER}/configmap.yaml`));
const kustomization = kustomizationSchema.parse(yaml(`${FOLDER}/kustomization.yaml`));
const pod = deployment.template.spec;
const [container] = pod.containers;

const content = configMap.data["fairlead.yaml"] ?? "";
const secrets = text(`${FOLDER}/secret.env.example`)
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => line.split("=")[0] ?? "");
const { config, warnings } = configOf(
  content,
  Object.fromEntries(secrets.map((name) => [name, `the ${name} of a test`])),
);

describe("the manifests of Kubernetes", () => {
  test("are all of the kustomization's, and there is nothing else", () => {
    const files = readdirSync(join(ROOT, FOLDER)).filter((name) => !name.startsWith("secret.env"));
    assert.deepEqual([...kustomization.resources, "kustomization.yaml"].toSorted(), files.toSorted());
  });

  test("hold a configuration without a warning, which is reloaded when the ConfigMap changes", () => {
    assert.deepEqual(warnings, []);
    assert.equal(config.watch, true);
    const [mount] = container.volumeMounts;
    const [volume] = pod.volumes;
    assert.equal(volume?.name, mount?.name);
    assert.equal(volume?.configMap.name, configMap.metadata.name);
    assert.deepEqual(container.args, ["--config", `${mount?.mountPath}/fairlead.yaml`]);
  });

  test("give every variable of the configuration by the secret, and no other", () => {
    assert.deepEqual(variablesOf(content).toSorted(), secrets.toSorted());
    assert.deepEqual(kustomization.secretGenerator, [
      { name: container.envFrom[0]?.secretRef.name, envs: ["secret.env"] },
    ]);
    assert.match(text(".gitignore"), /^deploy\/kubernetes\/secret\.env$/m);
  });

  test("open the ports that are listened on, for probes from outside of the pod with a token", () => {
    assert.ok(config.admin !== "off" && config.admin.token !== undefined);
    assert.equal(config.admin.host, "0.0.0.0");
    assert.deepEqual(container.ports, [
      { name: "ws", containerPort: config.listeners[0]?.port },
      { name: "admin", containerPort: config.admin.port },
    ]);
    for (const { targetPort } of service.ports) assert.equal(targetPort, "ws");
  });

  test("ask for life at /livez and for readiness at /readyz", () => {
    const { startupProbe, livenessProbe, readinessProbe } = container;
    for (const { httpGet } of [startupProbe, livenessProbe, readinessProbe]) assert.equal(httpGet.port, "admin");
    assert.deepEqual(
      [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path),
      ["/livez", "/livez", "/readyz"],
    );
  });

  test("give a pod the time that its drain takes", () => {
    assert.ok(pod.terminationGracePeriodSeconds * SECOND_MS >= shutdownTime(config));
  });

  test("notice within the drain's delay that a pod is not ready", () => {
    const { periodSeconds, failureThreshold, timeoutSeconds = 1 } = container.readinessProbe;
    assert.ok((periodSeconds * failureThreshold + timeoutSeconds) * SECOND_MS < config.drainDelay);
  });

  test("select the pods that they make, and leave some of them when nodes are drained", () => {
    const { labels } = deployment.template.metadata;
    const spread = pod.topologySpreadConstraints.map(({ labelSelector }) => labelSelector.matchLabels);
    const selectors = [deployment.selector.matchLabels, service.selector, budget.selector.matchLabels, ...spread];
    for (const selector of selectors) assert.deepEqual(selector, labels);
    assert.ok(budget.maxUnavailable >= 1 && budget.maxUnavailable < deployment.replicas);
    const { maxSurge, maxUnavailable } = deployment.strategy.rollingUpdate;
    assert.ok(maxSurge > 0 && maxUnavailable === 0);
  });

  test("start the image as it is made: its user, its arguments, this version", () => {
    const stage = stagesOf(text("deploy/Dockerfile")).find(({ name }) => name === "fairlead");
    assert.ok(stage !== undefined);
    assert.equal(only(stage, "USER"), `${pod.securityContext.runAsUser}:${pod.securityContext.runAsGroup}`);
    assert.deepEqual(exec(only(stage, "CMD")), container.args);
    assert.equal(container.image, `fairlead:${projectVersion()}`);
  });

  test("have memory for all tunnels that the configuration allows, and their number is limited", () => {
    const { maxTunnels } = config.limits;
    assert.ok(typeof maxTunnels === "number");
    const limit = parseSize(container.resources.limits.memory.replace(/i$/, "iB"));
    assert.ok(typeof limit === "number" && limit >= AT_REST_BYTES + maxTunnels * TUNNEL_BYTES);
    assert.notEqual(config.workers, "auto");
  });
});
