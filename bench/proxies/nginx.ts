import { userInfo } from "node:os";
import { findProgram, programVersion } from "../lab/programs.ts";
import { BUFFER_BYTES, DESCRIPTORS, type Launch, type Setting, type Tuning, type Variant } from "./variant.ts";

/**
 * nginx as its own documentation of WebSocket proxying writes it: HTTP/1.1 to the backend, the Upgrade and Connection
 * headers handed on. One worker.
 */
const AS_IT_COMES = `
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }
`;

/**
 * - `proxy_buffer_size`: an upgraded connection has one such buffer for each direction; 4 or 8 KiB as it comes, so that
 *   a message of 64 KiB takes 8 to 16 reads and as many writes. The other two must be in proportion to it.
 * - `access_log off`: one line, and one write, less for each connection.
 * - `multi_accept on`: all waiting connections at once, for the handshakes.
 * - `keepalive` to the backend and no limit of requests on a connection, for plain requests.
 * - `reuseport` and `accept_mutex` are for more than one worker; `tcp_nodelay` is on as it comes.
 */
const TUNED = `
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  proxy_buffer_size ${BUFFER_BYTES};
  proxy_buffers 4 ${BUFFER_BYTES};
  proxy_busy_buffers_size ${2 * BUFFER_BYTES};
  keepalive_requests 1000000;
  ssl_session_cache shared:bench:4m;
`;

function configuration({ port, backend, certificate }: Setting, tuning: Tuning, folder: string): string {
  const tuned = tuning === "tuned";
  const tls = certificate === undefined ? "" : " ssl";
  const certificates =
    certificate === undefined
      ? ""
      : `ssl_certificate ${certificate.certFile}; ssl_certificate_key ${certificate.keyFile};
    # Clients ask for 1.3, which nginx offers by itself only since 1.23.4.
    ssl_protocols TLSv1.3;`;
  const { uid, username } = userInfo();
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off;
worker_processes 1;
worker_rlimit_nofile ${DESCRIPTORS};
error_log ${folder}/error.log warn;
pid ${folder}/nginx.pid;
${uid === 0 ? `user ${username};` : "# Only root may change the workers' user."}
events { worker_connections ${DESCRIPTORS}; ${tuned ? "multi_accept on;" : ""} }
http {
  access_log ${tuned ? "off" : `${folder}/access.log`};
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join("\n  ")}
  ${tuned ? TUNED : AS_IT_COMES}
  upstream backend { server 127.0.0.1:${backend}; ${tuned ? "keepalive 128; keepalive_requests 1000000;" : ""} }
  server {
    listen 127.0.0.1:${port}${tls}${tuned ? " backlog=4096" : ""};
    ${certificates}
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      # A tunnel that is idle for a minute would be ended.
      proxy_read_timeout 1h;
      proxy_send_timeout 1h;
    }
  }
}
`;
}

function launch(setting: Setting, tuning: Tuning): Launch {
  return {
    port: setting.port,
    command: (folder) => [findProgram("nginx") ?? "nginx", "-p", folder, "-c", `${folder}/nginx.conf`],
    files: (folder) => ({ "nginx.conf": configuration(setting, tuning, folder) }),
    env: {},
  };
}

function version(): string | undefined {
  const program = findProgram("nginx");
  return program === undefined ? undefined : programVersion(program, ["-v"]);
}

const variant = (id: string, tuning: Tuning): Variant => ({
  id,
  family: "nginx",
  tuning,
  quick: true,
  workers: 1,
  version,
  launch: (setting) => launch(setting, tuning),
});

/** nginx, both ways. */
export const NGINX: readonly Variant[] = [variant("nginx", "default"), variant("nginx-tuned", "tuned")];
