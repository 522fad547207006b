/** What a process and the one that replaces it tell each other. */
import { randomBytes } from "node:crypto";

import type { ErrorCode } from "../base/index.ts";
import { NO_CHANGES } from "../config/index.ts";
import type { Changes } from "../config/index.ts";

import type { KnownBackend } from "./known.ts";

const SECRET_BYTES = 32;
const TICKET_KEY_BYTES = 48;

/** What the new process goes on using, so that cookies and TLS sessions stay good. */
export interface Legacy {
  /** The key of affinity cookies, where the configuration has none. */
  readonly secret: string;
  /** Base64 of what TLS session tickets are made with. */
  readonly ticketKeys: string;
  /** What has been changed at run time. */
  readonly changes: Changes;
}

/**
 * What an instance goes on using, or else begins with.
 *
 * @param secret what the configuration says
 * @param inherited of the process that this one replaces
 */
export function makeLegacy(secret: string | undefined, inherited: Legacy | undefined): Legacy {
  return {
    secret: secret ?? inherited?.secret ?? randomBytes(SECRET_BYTES).toString("base64url"),
    ticketKeys: inherited?.ticketKeys ?? randomBytes(TICKET_KEY_BYTES).toString("base64"),
    changes: inherited?.changes ?? NO_CHANGES,
  };
}

/** The load of one backend: tunnels, dials and requests. */
export type BackendLoad = readonly [pool: string, backend: string, load: number];

/** From the old process to the new one. */
export type ToSuccessor =
  /** Once, first, with all that is known of backends by then. */
  | { readonly type: "legacy"; readonly legacy: Legacy; readonly known?: readonly KnownBackend[] }
  /**
   * What the old process has now on backends, and knows of them, where that has changed. No message of its own: an older
   * version takes any other type for this one.
   */
  | { readonly type: "loads"; readonly changes: readonly BackendLoad[]; readonly known?: readonly KnownBackend[] };

/** From the new process to the old one. */
export type FromSuccessor =
  /** It serves at all addresses. */
  { readonly type: "ready" } | { readonly type: "failed"; readonly code: ErrorCode; readonly message: string };
