import { findProgram, programVersion } from "../lab/programs.ts";
import { BUFFER_BYTES, type Launch, type Setting, type Tuning, type Variant } from "./variant.ts";

/**
 * - `read_buffer` and `write_buffer` of the transport, 4 KiB as they come; an upgraded connection is copied through
 *   32 KiB, which no option changes.
 * - `keepalive_idle_conns_per_host`, 32 as it comes: enough idle connections for all clients' plain requests.
 */
const TUNED_TRANSPORT = `
    transport http {
      read_buffer ${BUFFER_BYTES}
      write_buffer ${BUFFER_BYTES}
      keepalive_idle_conns_per_host 512
    }
`;

/** The Go runtime's own advice where memory is no matter: collect garbage half as often and less. */
const TUNED_GARBAGE = "400";

function configuration({ port, backend, certificate }: Setting, tuning: Tuning, folder: string): string {
  const site = certificate === undefined ? `http://:${port}` : `https://:${port}`;
  const tls = certificate === undefined ? "" : `tls ${certificate.certFile} ${certificate.keyFile}`;
  return `
{
  admin off
  auto_https off
  storage file_system ${folder}/storage
}
${site} {
  bind 127.0.0.1
  ${tls}
  reverse_proxy 127.0.0.1:${backend} {
    ${tuning === "tuned" ? TUNED_TRANSPORT.trim() : ""}
  }
}
`;
}

function launch(setting: Setting, tuning: Tuning): Launch {
  return {
    port: setting.port,
    command: () => [findProgram("caddy") ?? "caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile"],
    files: (folder) => ({ Caddyfile: configuration(setting, tuning, folder) }),
    // Relative to its folder: the adapted configuration is saved there, against which 2.6 has no option.
    env: {
      GOMAXPROCS: "1",
      XDG_CONFIG_HOME: "config",
      XDG_DATA_HOME: "data",
      ...(tuning === "tuned" ? { GOGC: TUNED_GARBAGE } : {}),
    },
  };
}

function version(): string | undefined {
  const program = findProgram("caddy");
  return program === undefined ? undefined : programVersion(program, ["version"]);
}

const variant = (id: string, tuning: Tuning): Variant => ({
  id,
  family: "caddy",
  tuning,
  quick: false,
  workers: 1,
  version,
  launch: (setting) => launch(setting, tuning),
});

/** Caddy, both ways. */
export const CADDY: readonly Variant[] = [variant("caddy", "default"), variant("caddy-tuned", "tuned")];
