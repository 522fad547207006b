import { z } from "zod";

import { affinitySchema } from "../affinity/index.ts";
import { balanceSchema } from "../balancing/index.ts";
import { durationField, durationOrOff, sizeField } from "../base/index.ts";
import { originsSchema, routeMatchSchema } from "../routing/index.ts";
import { DEFAULT_ADMIN, DEFAULT_LISTEN, isHost, readAddress, type Reading } from "./address.ts";
import { readCidr } from "./cidr.ts";
import { reading } from "./reading.ts";
import { backendsSchema, poolSchema } from "./schema-pool.ts";
import { routeTunnelSchema, tunnelSchema } from "./schema-tunnel.ts";
import type { Address } from "./types.ts";

const MAX_WORKERS = 256;
const MAX_TUNNELS = 10_000_000;
/** Node.js reads heads whole, so an endless one must not be allowed; below 1 KiB no browser gets through. */
const MIN_HEAD_SIZE = 1024;
const MAX_HEAD_SIZE = 1024 * 1024;
const MAX_PORT = 65_535;
const MIN_TOKEN_LENGTH = 16;
/** Names appear in records, metrics and paths of the admin API. */
const NAME = /^[A-Za-z\d][A-Za-z\d._-]{0,62}$/;
const NAME_RULE = "a name is 1 to 63 letters, digits, dots, dashes or underscores, and begins with a letter or digit";

/** Whether a client can ask for it by SNI, or a certificate hold it. */
function isServerName(text: string): boolean {
  return isHost(text.startsWith("*.") ? text.slice(2) : text);
}

const nameField = z.string().regex(NAME, { error: NAME_RULE });

const address = z
  .union([z.string(), z.number().int().min(0).max(MAX_PORT)])
  .transform(reading((input: string | number): Reading<Address> => readAddress(String(input))));

const certificateSchema = z.strictObject({
  cert: z
    .string()
    .min(1)
    .describe(
      "PEM file (or PEM text) with the certificate and its intermediates. A path is relative to the configuration file's folder.",
    ),
  key: z.string().min(1).describe("PEM file (or PEM text) with the private key."),
  hosts: z
    .array(
      z.string().refine(isServerName, {
        error: "expected a name, exact or with *. before it: chat.example.com or *.example.com",
      }),
    )
    .prefault([])
    .describe(
      "Names, exact or `*.example.com`, that get this certificate by SNI; without any, those that the certificate holds.",
    ),
});

const adminObject = z.strictObject({
  address: address.describe("`HOST:PORT`, `[IPV6]:PORT`, `:PORT` or `PORT`."),
  token: z
    .string()
    .min(MIN_TOKEN_LENGTH, {
      error: `a token that can be guessed protects nothing; give at least ${MIN_TOKEN_LENGTH} characters`,
    })
    .optional()
    .describe(
      "What clients have to show (`Authorization: Bearer TOKEN`); needed where others than this machine can connect.",
    ),
  hosts: z
    .array(z.string().refine(isHost, { error: "expected a host name, without a port" }))
    .prefault([])
    .describe(
      "Names by which it may be called, besides `localhost` and addresses; others get 421, so that no page can reach it through a name of its own.",
    ),
});

const listenerTlsSchema = z
  .strictObject({
    certificates: z
      .array(certificateSchema)
      .min(1, { error: "TLS needs a certificate; give at least one { cert, key }" })
      .describe("The first serves clients that name no host, or one that no certificate fits."),
    minVersion: z
      .enum(["TLSv1.2", "TLSv1.3"])
      .prefault("TLSv1.2")
      .describe("Oldest version of TLS that is spoken; older clients cannot connect."),
  })
  .describe("Makes this a wss:// and https:// listener.");

const listenerObject = z.strictObject({
  address: address.describe("`HOST:PORT`, `[IPV6]:PORT`, `:PORT` or `PORT`; port 0 lets the system choose."),
  tls: listenerTlsSchema.optional(),
});

const listener = z.union([address.transform((where) => ({ address: where })), listenerObject]);

const logSchema = z
  .strictObject({
    level: z
      .enum(["debug", "info", "warn", "error", "silent"])
      .prefault("info")
      .describe("The least important lines that are still written."),
    format: z
      .enum(["auto", "pretty", "json"])
      .prefault("auto")
      .describe("`auto` is `pretty` on a terminal and `json` otherwise."),
    access: z
      .union([z.boolean().transform((on) => (on ? ("end" as const) : ("off" as const))), z.enum(["off", "end", "all"])])
      .prefault("end")
      .describe(
        "When each request and each tunnel leaves a line, at level `info`: at its `end` (`true`), `all`: a tunnel also when it opens, or never, `off` (`false`).",
      ),
    accessFormat: z
      .enum(["json", "combined"])
      .prefault("json")
      .describe(
        "The form of those lines where lines are JSON: `json`, or `combined`, the one that Apache and nginx write.",
      ),
    accessEvery: durationOrOff({ min: 1000 })
      .prefault("off")
      .describe("Time after which an open tunnel leaves a line with what it has carried so far, again and again."),
  })
  .prefault({})
  .describe("What is logged, and how.");

const limitsSchema = z
  .strictObject({
    maxHeadSize: sizeField({ min: MIN_HEAD_SIZE, max: MAX_HEAD_SIZE })
      .prefault("16KiB")
      .describe(
        "Greatest request head; a longer one gets 431. From 1KiB to 1MiB. Heads of backends' answers may have 64KiB.",
      ),
    headTimeout: durationField({ min: 1 })
      .prefault("10s")
      .describe("For the head of a request to be complete; then 408. Bounds what slow senders can hold."),
    requestTimeout: durationOrOff({ min: 1 })
      .prefault("5m")
      .describe("For a whole plain request, body included; then 408. Tunnels are not plain requests."),
    responseTimeout: durationOrOff({ min: 1 })
      .prefault("5m")
      .describe(
        "Longest silence of a backend that owes a plain response, before its head (504) and within its body (the connection ends).",
      ),
    keepAliveTimeout: durationField({ min: 1 })
      .prefault("60s")
      .describe("For the next request on an idle connection of a client; then it is closed."),
    maxEarlyData: sizeField()
      .prefault("64KiB")
      .describe(
        "Bytes that a client may send behind its handshake before the backend has answered; after them reading pauses.",
      ),
    maxTunnels: z
      .union([z.literal("auto"), z.number().int().min(1).max(MAX_TUNNELS)])
      .prefault("auto")
      .describe(
        "Most tunnels of the whole instance, shared out among its workers; a handshake beyond them gets 503 with `Retry-After`. " +
          "`auto`: as many as the limit on open files has room for, which a greater number does not lift.",
      ),
  })
  .prefault({})
  .describe("Limits of what clients may send before and around a tunnel, and of the number of tunnels.");

const routeSchema = z.strictObject({
  name: nameField.describe("Unique; named in logs, metrics and the API."),
  match: routeMatchSchema.describe("What a request must be like. The most specific route wins, whatever the order."),
  pool: z.string().describe("Name of the pool that serves this route."),
  origins: originsSchema
    .optional()
    .describe(
      "Origins of pages that may open this route's sockets; what is not said comes from the configuration's own `origins`.",
    ),
  tunnel: routeTunnelSchema
    .prefault({})
    .describe("How this route's tunnels are kept; what is not said comes from the configuration's own `tunnel`."),
});

/** The configuration as people write it, in a file or as a value. */
export const configSchema = z.strictObject({
  listen: z
    .union([
      listener.transform((one) => [one]),
      z.array(listener).min(1, { error: "nothing to listen on; give at least one address" }),
    ])
    .prefault([DEFAULT_LISTEN])
    .describe("Where clients connect: one address or a list, each `HOST:PORT` or an object with `address` and `tls`."),
  admin: z
    .union([z.literal("off"), address.transform((where) => ({ address: where, hosts: [] })), adminObject])
    .prefault(DEFAULT_ADMIN)
    .describe(
      "Where the admin API and the dashboard listen: an address, an object with `address` and more, or `off` for nowhere. " +
        "Any address but this machine's own (127.0.0.1, ::1) needs a `token`.",
    ),
  workers: z
    .union([z.literal("auto"), z.number().int().min(1).max(MAX_WORKERS)])
    .prefault("auto")
    .describe("Worker processes; `auto` is one for each core, 1 runs everything in a single process."),
  socketDriver: z
    .enum(["auto", "stream", "handle"])
    .prefault("auto")
    .describe(
      "How the sockets of tunnels are driven: `stream` by Node's public API, `handle` by what lies beneath it, with less CPU and memory, " +
        "`auto` by the handle where this Node has it.",
    ),
  drain: durationField()
    .prefault("10s")
    .describe(
      "Time over which a shutdown spreads the end of open tunnels, so that clients do not reconnect all at once.",
    ),
  drainDelay: durationField({ zero: true })
    .prefault("0s")
    .describe(
      "Time between the signal to shut down, from which on `/readyz` says 503, and the drain: as long as whoever sends clients here needs to notice.",
    ),
  watch: z
    .boolean()
    .prefault(false)
    .describe("Whether a change of this file, or of a certificate that it names, is a reload."),
  secret: z
    .string()
    .min(1, { error: "an empty secret protects nothing; give a long random text, or leave the key out" })
    .optional()
    .describe(
      "What affinity cookies are keyed with. Instances with the same secret and backends agree; without one it is made at random at each start.",
    ),
  trustedProxies: z
    .array(z.string().transform(reading(readCidr)))
    .prefault([])
    .describe(
      "Addresses and CIDR blocks of proxies in front, whose forwarding headers are believed. Anybody else's are replaced.",
    ),
  log: logSchema,
  limits: limitsSchema,
  backends: backendsSchema.optional().describe("Shorthand for the backends of a pool named `default`."),
  balance: balanceSchema
    .prefault("least-connections")
    .describe("How pools that name no algorithm choose among their backends."),
  affinity: affinitySchema.prefault("none").describe("How clients of pools that name no affinity stay with a backend."),
  origins: originsSchema
    .prefault("any")
    .describe(
      "Origins of web pages that may open sockets; others get 403. `https://*.example.com` stands for every host below example.com. " +
        "Programs that are no browsers send no Origin and are not held to this. Plain requests are the backend's to judge.",
    ),
  tunnel: tunnelSchema.prefault({}).describe("How tunnels are kept and ended; routes can differ."),
  pools: z.record(nameField, poolSchema).prefault({}).describe("Pools of backends by name."),
  routes: z
    .array(routeSchema)
    .prefault([])
    .describe("Which requests go to which pool; without routes everything goes to the default pool."),
  defaultPool: z
    .string()
    .optional()
    .describe(
      "Pool of requests that no route matches. Where not said: the pool `default`, else the only pool; else they get 404.",
    ),
});

/** What people write. */
export type ConfigInput = z.input<typeof configSchema>;

/** What the schema makes of it, before pools, routes and files are put together. */
export type ParsedConfig = z.output<typeof configSchema>;
