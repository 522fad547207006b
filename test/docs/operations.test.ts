/** The runbook of docs/operations.md, and what its page says of the files in deploy/. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { FAILURE_TEXT } from "../../src/health/state.ts";
import { DRAIN_GRACE_MS } from "../../src/supervisor/drain.ts";
import { page, ROOT } from "./pages.ts";

const PAGE = "docs/operations.md";

test("every alert says what it means, what to look at and what to do", () => {
  const [, runbook = ""] = page(PAGE).split("\n## Runbook\n");
  const alerts = runbook.split(/^### /m).slice(1);
  assert.ok(alerts.length >= 9);
  for (const alert of alerts) {
    assert.match(alert, /^Fairlead[A-Za-z]+\n/);
    assert.deepEqual(
      [...alert.matchAll(/^\*\*(.+?)\.\*\*/gm)].map(([, part]) => part),
      ["Means", "Look at", "Do"],
      alert.split("\n")[0],
    );
  }
});

test("the files to deploy with are linked to, each of them", () => {
  const deployed = ["systemd", "kubernetes"].flatMap((folder) =>
    readdirSync(join(ROOT, "deploy", folder)).map((name) => `${folder}/${name}`),
  );
  for (const path of [...deployed, "Dockerfile", "compose.yaml"])
    if (path !== "kubernetes/secret.env") assert.ok(page(PAGE).includes(`(../deploy/${path})`), path);
});

test("it names the time that closing handshakes get on top of a drain", () => {
  assert.match(page(PAGE), new RegExp(`\`drain\` \\+ ${DRAIN_GRACE_MS / 1_000} s for the last closing`));
});

test("the runbook of an unhealthy backend has the words that its reason is made of", () => {
  const [, section = ""] = page(PAGE).split("\n### FairleadBackendUnhealthy\n");
  const [runbook = ""] = section.split("\n### ");
  for (const text of Object.values(FAILURE_TEXT)) assert.ok(runbook.includes(`the last: ${text}\``), text);
  assert.match(runbook, /`active\.path`/);
});
