import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { Launch, Setting, Variant } from "./variant.ts";

const ROOT = resolve(import.meta.dirname, "../..");

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(resolve(ROOT, "package.json"), "utf8"));
  return String(Reflect.get(Object(manifest), "version"));
}

/**
 * As it comes: nothing but addresses, one worker, and no admin API, for which the others have none either. Its access
 * log goes to a file, as nginx's does.
 */
function launch({ port, backend, certificate }: Setting, workers: number): Launch {
  const url = `ws://127.0.0.1:${backend}`;
  const program: [string, ...string[]] = [process.execPath, resolve(ROOT, "bin/fairlead.cjs"), "serve"];
  const common = ["--workers", String(workers), "--admin", "off"];
  if (certificate === undefined) {
    const args = [url, "--listen", `127.0.0.1:${port}`, ...common];
    return { port, command: () => [...program, ...args], files: () => ({}), env: {} };
  }
  const tls = { certificates: [{ cert: certificate.certFile, key: certificate.keyFile }] };
  const config = { listen: [{ address: `127.0.0.1:${port}`, tls }], backends: [url] };
  return {
    port,
    command: () => [...program, "--config", "fairlead.json", ...common],
    files: () => ({ "fairlead.json": JSON.stringify(config, undefined, 2) }),
    env: {},
  };
}

const withWorkers = (id: string, workers: number, quick: boolean): Variant => ({
  id,
  family: "fairlead",
  tuning: "default",
  quick,
  workers,
  version,
  launch: (setting) => launch(setting, workers),
});

/** fairlead with one worker, and with two for the lines that compare both. */
export const FAIRLEAD: readonly Variant[] = [withWorkers("fairlead", 1, true), withWorkers("fairlead-2", 2, true)];
