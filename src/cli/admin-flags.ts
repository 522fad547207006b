import { Option } from "commander";
import { z } from "zod";

import { FairleadError } from "../base/index.ts";
import { type Address, DEFAULT_ADMIN, readAddress, SETTINGS } from "../config/index.ts";
import { type AdminClient, createAdminClient } from "./admin-client.ts";
import { switchFlag } from "./flags.ts";
import type { Io } from "./io.ts";

/** Addresses that say "everywhere" to who listens, and how this machine reaches them. */
const EVERYWHERE: Readonly<Record<string, string>> = { "0.0.0.0": "127.0.0.1", "::": "::1" };

/** The flags of every command that speaks to a running instance. */
export const ADMIN_OPTIONS: readonly Option[] = [
  new Option("--admin <ADDRESS>", "the admin API to ask (default: FAIRLEAD_ADMIN, else 127.0.0.1:8081)"),
  new Option("--token-file <FILE>", "a file with the token of the admin API (default: FAIRLEAD_ADMIN_TOKEN)"),
  new Option("--json", "print it for programs"),
];

/** Their form. */
export const ADMIN_FLAGS = {
  admin: z.string().optional(),
  tokenFile: z.string().optional(),
  json: switchFlag,
} as const;

interface AdminFlags {
  readonly admin?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/**
 * Speaks to the instance that a command line means, until `use` is done.
 *
 * @throws FairleadError USAGE when address or token are none
 */
export async function withAdmin<Value>(
  flags: AdminFlags,
  io: Io,
  use: (client: AdminClient) => Promise<Value>,
): Promise<Value> {
  const client = createAdminClient(addressOf(flags, io), tokenOf(flags, io));
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

function addressOf({ admin }: AdminFlags, { env }: Io): Address {
  const { variable, flag } = SETTINGS.admin;
  const said = (env[variable] ?? "").trim();
  const [name, text] = admin !== undefined ? [flag, admin] : said === "" ? ["", DEFAULT_ADMIN] : [variable, said];
  if (text === "off")
    throw new FairleadError("USAGE", `${name} is off, so there is no admin API to ask; name one with --admin`);
  const reading = readAddress(text.replace(/^http:\/\//i, "").replace(/\/$/, ""));
  if ("wrong" in reading) throw new FairleadError("USAGE", `${name}: ${reading.wrong}`);
  const { host, port } = reading.value;
  return { host: EVERYWHERE[host] ?? host, port };
}

/** Command lines can be read by others, so the token is never there. */
function tokenOf({ tokenFile }: AdminFlags, { env, readFile }: Io): string | undefined {
  const { variable } = SETTINGS.adminToken;
  const name = tokenFile === undefined ? variable : "--token-file";
  const text = (tokenFile === undefined ? (env[variable] ?? "") : readToken(tokenFile, readFile)).trim();
  if (text === "" && tokenFile === undefined) return undefined;
  if (/^[\x21-\x7e]+$/.test(text)) return text;
  throw new FairleadError("USAGE", `${name} holds no token; a token is one line of letters, digits and signs`);
}

function readToken(path: string, readFile: Io["readFile"]): string {
  try {
    return readFile(path);
  } catch (error) {
    throw new FairleadError("USAGE", `--token-file: ${path} cannot be read; name a file that holds the token`, error);
  }
}
