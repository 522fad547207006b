import { findProgram, programVersion } from "../lab/programs.ts";
import { BUFFER_BYTES, DESCRIPTORS, type Launch, type Setting, type Tuning, type Variant } from "./variant.ts";

/** Two sockets a tunnel, and some descriptors for itself. */
const CONNECTIONS = DESCRIPTORS / 2 - 100;

/**
 * - `tune.bufsize`: 16 KiB as it comes, so that a message of 64 KiB takes four reads and four writes; a tunnel has
 *   such a buffer for each direction while bytes are in it.
 * - `tune.maxaccept -1`: all waiting connections at once, for the handshakes.
 * - `http-reuse always`: idle connections to the backend serve any client's plain requests.
 */
const TUNED_GLOBAL = `
  tune.bufsize ${BUFFER_BYTES}
  tune.maxaccept -1
`;

function configuration({ port, backend, certificate }: Setting, tuning: Tuning): string {
  const tuned = tuning === "tuned";
  const tls = certificate === undefined ? "" : ` ssl crt ${certificate.bothFile}`;
  return `
global
  nbthread 1
  maxconn ${CONNECTIONS}
  ${tuned ? TUNED_GLOBAL.trim() : ""}
defaults
  mode http
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  # Without it an upgraded connection has the two above; HAProxy warns that they leave half-closed ones open.
  timeout tunnel 1h
  ${tuned ? "http-reuse always" : ""}
frontend front
  bind 127.0.0.1:${port}${tls}${tuned ? " backlog 4096" : ""}
  default_backend back
backend back
  server one 127.0.0.1:${backend}
`;
}

function launch(setting: Setting, tuning: Tuning): Launch {
  return {
    port: setting.port,
    // -db: in the foreground, one process.
    command: () => [findProgram("haproxy") ?? "haproxy", "-db", "-f", "haproxy.cfg"],
    files: () => ({ "haproxy.cfg": configuration(setting, tuning) }),
    env: {},
  };
}

function version(): string | undefined {
  const program = findProgram("haproxy");
  return program === undefined ? undefined : programVersion(program, ["-v"]);
}

const variant = (id: string, tuning: Tuning): Variant => ({
  id,
  family: "haproxy",
  tuning,
  quick: true,
  workers: 1,
  version,
  launch: (setting) => launch(setting, tuning),
});

/** HAProxy, both ways. */
export const HAPROXY: readonly Variant[] = [variant("haproxy", "default"), variant("haproxy-tuned", "tuned")];
