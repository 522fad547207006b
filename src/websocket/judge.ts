import {
  headerList,
  headerTokens,
  headerValues,
  hostProblem,
  isToken,
  type RawHeaders,
  type RequestHead,
  targetProblem,
} from "../http/index.ts";
import { type Extension, parseExtensions } from "./extensions.ts";

/** What a good handshake asks for. */
export interface UpgradeRequest {
  /** Sec-WebSocket-Key as sent. */
  readonly key: string;
  /** Subprotocols in the client's order of preference. */
  readonly protocols: readonly string[];
  /** Extensions with their parameters, in the client's order of preference. */
  readonly extensions: readonly Extension[];
}

/** A good handshake, or the answer that a bad one gets. */
export type UpgradeJudgement =
  | { readonly ok: true; readonly upgrade: UpgradeRequest }
  | {
      readonly ok: false;
      readonly status: 400 | 405 | 426;
      /** What is wrong and what would be right; for the client, as the answer's text. */
      readonly reason: string;
      /** Headers that this status requires. The caller adds those about the body and the connection. */
      readonly headers: RawHeaders;
    };

interface Refusal {
  readonly status: 400 | 405 | 426;
  readonly reason: string;
  readonly headers?: RawHeaders;
}

const keyForm = /^[A-Za-z0-9+/]{22}==$/;
const supportedVersion = "13";

/**
 * Whether a request asks for an upgrade to WebSocket: its Upgrade lists `websocket`, in any case and place. Everything
 * else, `h2c` above all, is a plain request whose Upgrade is ignored (RFC 9110 section 7.8).
 */
export function isWebSocketUpgrade(headers: RawHeaders): boolean {
  return headerTokens(headers, "upgrade").includes("websocket");
}

/**
 * Judges an upgrade request by RFC 6455 section 4.2.1, and by what node's parser lets pass on upgrade requests though
 * RFC 9112 forbids it. Checks stand in a fixed order; the first that fails gives the answer. Never throws.
 */
export function judgeUpgrade(head: RequestHead): UpgradeJudgement {
  const refusal =
    checkMethod(head) ??
    checkVersion(head) ??
    asRefusal(hostProblem(head)) ??
    checkUpgrade(head.headers) ??
    checkWebSocketVersion(head.headers) ??
    checkKey(head.headers) ??
    checkBody(head.headers) ??
    asRefusal(targetProblem(head.target)) ??
    checkProtocols(head.headers);
  if (refusal !== undefined) {
    return { ok: false, headers: [], ...refusal };
  }
  const extensions = parseExtensions(headerValues(head.headers, "sec-websocket-extensions"));
  if (extensions === undefined) {
    return { ok: false, ...badRequest("Sec-WebSocket-Extensions does not follow RFC 6455 section 9.1."), headers: [] };
  }
  const [key = ""] = headerValues(head.headers, "sec-websocket-key");
  const protocols = headerList(head.headers, "sec-websocket-protocol");
  return { ok: true, upgrade: { key: key.trim(), protocols, extensions } };
}

function badRequest(reason: string): Refusal {
  return { status: 400, reason };
}

function asRefusal(problem: string | undefined): Refusal | undefined {
  return problem === undefined ? undefined : badRequest(problem);
}

function checkMethod(head: RequestHead): Refusal | undefined {
  if (head.method === "GET") {
    return undefined;
  }
  return { status: 405, reason: "A WebSocket handshake must be a GET request.", headers: ["Allow", "GET"] };
}

function checkVersion(head: RequestHead): Refusal | undefined {
  return head.version === "1.1" ? undefined : badRequest("A WebSocket handshake must be HTTP/1.1.");
}

function checkUpgrade(headers: RawHeaders): Refusal | undefined {
  if (!isWebSocketUpgrade(headers)) {
    return badRequest('The Upgrade header must be "websocket".');
  }
  return headerTokens(headers, "connection").includes("upgrade")
    ? undefined
    : badRequest('The Connection header must list "Upgrade".');
}

function checkWebSocketVersion(headers: RawHeaders): Refusal | undefined {
  const versions = headerValues(headers, "sec-websocket-version").map((value) => value.trim());
  if (versions.length === 1 && versions[0] === supportedVersion) {
    return undefined;
  }
  return {
    status: 426,
    reason: `Sec-WebSocket-Version must be there once and be ${supportedVersion}.`,
    // RFC 6455 section 4.4 asks for the version; RFC 9110 section 15.5.22 for Upgrade, and 7.8 for Connection with it.
    headers: ["Sec-WebSocket-Version", supportedVersion, "Connection", "Upgrade", "Upgrade", "websocket"],
  };
}

function checkKey(headers: RawHeaders): Refusal | undefined {
  const keys = headerValues(headers, "sec-websocket-key");
  if (keys.length !== 1) {
    return badRequest(`Sec-WebSocket-Key must be there once, not ${keys.length} times.`);
  }
  return keyForm.test((keys[0] ?? "").trim())
    ? undefined
    : badRequest("Sec-WebSocket-Key must be 16 bytes in base64, which is 24 characters.");
}

// Bytes behind the head are frames: a body in their place would be read as such by the backend.
function checkBody(headers: RawHeaders): Refusal | undefined {
  const lengths = headerValues(headers, "content-length");
  const empty = lengths.length === 0 || (lengths.length === 1 && lengths[0]?.trim() === "0");
  if (!empty || headerValues(headers, "transfer-encoding").length > 0) {
    return badRequest("A WebSocket handshake must not have a body.");
  }
  return undefined;
}

function checkProtocols(headers: RawHeaders): Refusal | undefined {
  const protocols = headerList(headers, "sec-websocket-protocol");
  if (protocols.length === 0) {
    return headerValues(headers, "sec-websocket-protocol").length === 0
      ? undefined
      : badRequest("Sec-WebSocket-Protocol is empty; leave it out or name a subprotocol.");
  }
  if (!protocols.every(isToken)) {
    return badRequest("Sec-WebSocket-Protocol must be a list of tokens, separated by commas.");
  }
  return new Set(protocols).size === protocols.length
    ? undefined
    : badRequest("Sec-WebSocket-Protocol names a subprotocol twice.");
}
