import { readFileSync } from "node:fs";
import type { Agent, ServerOptions } from "node:http";
import { Agent as HttpAgent } from "node:http";

/** What every peer's program is started with, as JSON in its only argument. */
export interface PeerSetting {
  readonly port: number;
  readonly backend: number;
  readonly tuned: boolean;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** A socket's buffer, 64 KiB as it comes. */
const HIGH_WATER_MARK = 256 * 1024;

/** The setting; written by proxies/node-peers.ts and by nobody else. */
export const setting = JSON.parse(process.argv[2] ?? "{}") as PeerSetting;

/** The backend, for plain requests. */
export const target: string = `http://127.0.0.1:${setting.backend}`;

/** Options of node's server: tuned, sockets take larger pieces before they push back. */
export const serverOptions: ServerOptions = setting.tuned ? { highWaterMark: HIGH_WATER_MARK } : {};

/** Certificate and key; undefined for a plain listener. */
export function certificate(): { cert: Buffer; key: Buffer } | undefined {
  const { certFile, keyFile } = setting;
  if (certFile === undefined || keyFile === undefined) return undefined;
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

/** Connections kept alive to the backend; as they come, the proxies open one for each plain request. */
export function agent(): Agent | undefined {
  return setting.tuned ? new HttpAgent({ keepAlive: true, maxSockets: 512, maxFreeSockets: 512 }) : undefined;
}
