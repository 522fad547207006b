import { Option } from "commander";
import { z } from "zod";

import type { Config, LoadedConfig } from "../../config/index.ts";
import { Lines } from "../../supervisor/index.ts";
import type { Origin } from "../../supervisor/index.ts";
import { defineCommand, type Given } from "../command.ts";
import { type Demo, startDemo } from "../demo.ts";
import type { Io, TextOutput } from "../io.ts";
import { hasWork, loadFor, type NamedFile } from "../load.ts";
import { serve } from "../serve.ts";

/** Texts, as they were given, also for a flag without a value: the configuration judges them, wherever they come from. */
const flagsSchema = z.object({
  listen: z.array(z.string()).optional(),
  config: z.string().optional(),
  balance: z.string().optional(),
  affinity: z.string().optional(),
  workers: z.string().optional(),
  admin: z.string().optional(),
  socketDriver: z.string().optional(),
  drain: z.string().optional(),
  drainDelay: z.string().optional(),
  watch: z.boolean().transform(String).optional(),
  logLevel: z.string().optional(),
  logFormat: z.string().optional(),
});

type ServeGiven = Given<z.output<typeof flagsSchema>>;

/** Balances; what happens when no command is named. */
export const serveCommand = defineCommand({
  name: "serve",
  summary: "balance (the default when no command is named)",
  description: "A load balancer for WebSockets and the HTTP around them.",
  operands: [
    {
      name: "BACKEND_URL",
      meaning: "backends of the default pool: ws://, wss://, http:// or https://, host and port",
      many: true,
    },
  ],
  options: [
    new Option("--listen <HOST:PORT>", "where clients connect; repeatable (default: 0.0.0.0:8080)").argParser(
      (value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value],
    ),
    new Option("-c, --config <FILE>", "configuration file, YAML or JSON"),
    new Option("--balance <NAME>", "how the default pool chooses (default: least-connections)"),
    new Option("--affinity <NAME>", "how clients stay with a backend of the default pool (default: none)"),
    new Option("--workers <N|auto>", "worker processes (default: auto, one for each core)"),
    new Option("--admin <HOST:PORT|off>", "where the admin API listens (default: 127.0.0.1:8081)"),
    new Option("--socket-driver <NAME>", "auto, stream or handle (default: auto)"),
    new Option("--drain <DURATION>", "time over which a shutdown ends open tunnels (default: 10s)"),
    new Option("--drain-delay <DURATION>", "time before that in which /readyz already says 503 (default: 0s)"),
    new Option("--watch", "reload when the configuration file, or a certificate that it names, changes"),
    new Option("--log-level <LEVEL>", "debug, info, warn, error or silent (default: info)"),
    new Option("--log-format <FORMAT>", "pretty or json (default: pretty on a terminal, json otherwise)"),
  ],
  flags: flagsSchema,
  judge: (given, io) => {
    if (hasWork(fileOf(given), given.operands, io)) load(given, given.operands, io);
  },
  run: runServe,
});

/** With nothing to balance, it balances demo backends of its own. */
async function runServe(given: ServeGiven, io: Io): Promise<number> {
  const origin = io.origin?.();
  const demo = hasWork(fileOf(given), given.operands, io) ? undefined : await startDemo();
  try {
    const backends = demo?.urls ?? given.operands;
    return await serveLoaded(
      () => load(given, backends, io),
      io,
      origin,
      (urls, output) => announceDemo(demo, urls, output),
    );
  } catch (error) {
    origin?.predecessor?.failed(error);
    throw error;
  } finally {
    origin?.predecessor?.release();
    await demo?.close();
  }
}

async function serveLoaded(
  read: () => LoadedConfig,
  io: Io,
  origin: Origin | undefined,
  onListening: (urls: readonly string[], output: TextOutput) => void,
): Promise<number> {
  const loaded = read();
  const { config, warnings, file } = loaded;
  const lines = new Lines(config.log, io.stdout, (io.env["NO_COLOR"] ?? "") !== "");
  const { logger, record: onRecord } = lines;
  if (file !== undefined) logger.info({ file }, "configuration read");
  for (const warning of warnings) logger.warn({}, warning);
  // Lines for people do not belong among lines for programs.
  const output = io.stdout.isTTY === true ? io.stdout : io.stderr;
  const source = file === undefined ? undefined : { loaded, read, cwd: io.cwd };
  const onReloaded = ({ log }: Config): void => lines.use(log);
  const options = { logger, onRecord, origin, source, onReloaded, env: io.env };
  return serve(config, options, io.signals, (urls) => onListening(urls, output));
}

function load({ flags: { config, ...settings } }: ServeGiven, backends: readonly string[], io: Io) {
  return loadFor({ file: config, by: "--config" }, io, { ...settings, backends });
}

function fileOf({ flags }: ServeGiven): NamedFile {
  return { file: flags.config, by: "--config" };
}

function announceDemo(demo: Demo | undefined, urls: readonly string[], output: TextOutput): void {
  const url = urls[0];
  if (demo !== undefined && url !== undefined) output.write(demo.invitation(url));
}
