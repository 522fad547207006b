import { isHost, type Reading } from "./address.ts";
import type { BackendConfig } from "./types.ts";

/** What a backend's URL says; the weight stands beside it. */
export type BackendUrl = Omit<BackendConfig, "weight" | "state" | "maxConnections">;

const EXAMPLE = "write ws://HOST:PORT, wss://HOST:PORT, http://HOST:PORT or https://HOST:PORT";
const SECURE: Readonly<Record<string, boolean>> = { "ws:": false, "http:": false, "wss:": true, "https:": true };

/**
 * Reads the URL of a backend. `ws` and `http` are the same on the wire, and so are `wss` and `https`: a backend serves
 * sockets and plain requests alike, so both spellings give the same identity.
 */
export function readBackendUrl(text: string): Reading<BackendUrl> {
  const schemeless = /^(\[[\da-f:]+\]|[\w.-]+):\d+\/?$/i.test(text);
  if (schemeless) return { wrong: `"${text}" has no scheme; write ws://${text}` };
  if (!URL.canParse(text)) return { wrong: `"${text}" is not a URL; ${EXAMPLE}` };
  const url = new URL(text);
  const wrong = urlMistake(url, text);
  return wrong === undefined ? { value: backendOf(url) } : { wrong };
}

function urlMistake(url: URL, text: string): string | undefined {
  if (SECURE[url.protocol] === undefined) {
    return text.includes("://")
      ? `a backend cannot be spoken to by ${url.protocol}//; ${EXAMPLE}`
      : `"${text}" is not a URL; ${EXAMPLE}`;
  }
  if (url.username !== "" || url.password !== "") {
    return "a backend's URL must not hold a user or a password; leave them out, clients send their own";
  }
  if (url.hash !== "" || text.includes("#")) return "a backend's URL has no fragment; leave out what follows #";
  if (url.search !== "" || text.includes("?")) return "a backend's URL has no query; each request brings its own";
  if (url.pathname !== "/") {
    return `a backend's URL has no path (here "${url.pathname}"); each request keeps its own, so leave it out`;
  }
  if (url.port === "0") return "port 0 cannot be dialled; name the port that the backend listens on";
  return isHost(bare(url.hostname)) ? undefined : `"${url.hostname}" is not a host; ${EXAMPLE}`;
}

function backendOf(url: URL): BackendUrl {
  const secure = SECURE[url.protocol] === true;
  // A default port goes with the scheme that was written, and both schemes of a kind have the same one.
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  return {
    name: `${secure ? "wss" : "ws"}://${url.host}`,
    url: `${secure ? "https" : "http"}://${url.host}`,
    secure,
    hostname: bare(url.hostname),
    port,
  };
}

function bare(hostname: string): string {
  return hostname.startsWith("[") ? hostname.slice(1, -1) : hostname;
}
