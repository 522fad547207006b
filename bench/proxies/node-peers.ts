import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import type { Family, Launch, Setting, Tuning, Variant } from "./variant.ts";

const PEERS = resolve(import.meta.dirname, "../peers");
const require = createRequire(import.meta.url);

/** Version of an installed package; undefined when it is missing. */
function packageVersion(name: string): string | undefined {
  const folders = require.resolve.paths(name) ?? [];
  for (const folder of folders) {
    try {
      const manifest: unknown = JSON.parse(readFileSync(resolve(folder, name, "package.json"), "utf8"));
      return String(Reflect.get(Object(manifest), "version"));
    } catch {
      // Not there; the next folder may have it.
    }
  }
  return undefined;
}

function launch(file: string, { port, backend, certificate }: Setting, tuning: Tuning): Launch {
  const setting = {
    port,
    backend,
    tuned: tuning === "tuned",
    certFile: certificate?.certFile,
    keyFile: certificate?.keyFile,
  };
  return {
    port,
    command: () => [process.execPath, resolve(PEERS, file), JSON.stringify(setting)],
    files: () => ({}),
    env: {},
  };
}

function peer(family: Family, name: string, file: string, quickly?: Tuning): Variant[] {
  const tunings: Tuning[] = ["default", "tuned"];
  return tunings.map((tuning) => ({
    id: tuning === "tuned" ? `${family}-tuned` : family,
    family,
    tuning,
    quick: tuning === quickly,
    workers: 1,
    version: () => packageVersion(name),
    launch: (setting) => launch(file, setting, tuning),
  }));
}

/** Proxies of the npm registry, each in a program of its own under `peers/`. */
export const NODE_PEERS: readonly Variant[] = [
  ...peer("http-proxy", "http-proxy", "http-proxy.ts"),
  ...peer("http-proxy-3", "http-proxy-3", "http-proxy-3.ts"),
  ...peer("httpxy", "httpxy", "httpxy.ts", "default"),
  ...peer("fastify", "@fastify/http-proxy", "fastify.ts"),
];

/** Families of proxies that run on Node. */
export const NODE_FAMILIES: readonly Family[] = ["http-proxy", "http-proxy-3", "httpxy", "fastify"];
