/** Probes of backends of the tests' own. */
import type { TestContext } from "node:test";

import type { BackendConfig, PoolTls } from "../../src/config/index.ts";
import { healthSchema } from "../../src/health/index.ts";
import { probe } from "../../src/probes/index.ts";
import type { ProbeFinding, ProbeQuestion } from "../../src/probes/index.ts";
import { startRaw } from "../kit/raw.ts";
import type { RawPeer } from "../kit/raw.ts";
import { within } from "../kit/until.ts";

/** An active probe's question, as a configuration asks it. */
const question = (active: object): ProbeQuestion => {
  const { active: parsed } = healthSchema.parse({ active: { timeout: "20s", ...active } });
  if (parsed === "off") throw new TypeError("a probe is asked for");
  return parsed;
};

/** A backend of a configuration, at a local port. */
export const backendAt = (port: number, secure: boolean): BackendConfig => ({
  name: `ws://127.0.0.1:${port}`,
  url: `${secure ? "https" : "http"}://127.0.0.1:${port}`,
  secure,
  hostname: "127.0.0.1",
  port,
  weight: 1,
  state: "active",
});

/** Asks whoever listens at a local port, over TLS where there are options for it. */
export const askPort = (port: number, active: object, tls?: PoolTls): Promise<ProbeFinding> => {
  const backend = backendAt(port, tls !== undefined);
  const { signal } = new AbortController();
  return within(probe(backend, tls ?? { verify: true }, question(active), signal), "the end of a probe");
};

/** Asks a backend that plays a script; checks that the connection is ended by the probe. */
export const askScript = async (
  t: TestContext,
  active: object,
  script: (peer: RawPeer) => unknown,
): Promise<ProbeFinding> => {
  const backend = await startRaw(t, async (peer) => void (await script(peer)));
  const finding = await askPort(backend.port, active);
  for (const peer of backend.peers) await peer.received.ending();
  return finding;
};
