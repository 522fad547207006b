import { createHash } from "node:crypto";

/** A head as it was on the wire: the first line, and the header lines in order. */
export interface WireHead {
  readonly first: string;
  /** Of an answer; NaN in a request. */
  readonly status: number;
  readonly lines: readonly string[];
  /** The values of all lines with this name, in order. */
  all(name: string): string[];
  /** The first of them. */
  get(name: string): string | undefined;
}

const valuesOf = (lines: readonly string[], name: string): string[] =>
  lines
    .filter((line) => line.slice(0, line.indexOf(":")).toLowerCase() === name.toLowerCase())
    .map((line) => line.slice(line.indexOf(":") + 1).trim());

/** The head at the start of the bytes; undefined while it is not complete. */
export const readHead = (bytes: Buffer): { value: WireHead; used: number } | undefined => {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const value: WireHead = {
    first,
    status: first.startsWith("HTTP/") ? Number(first.split(" ")[1]) : Number.NaN,
    lines,
    all: (name) => valuesOf(lines, name),
    get: (name) => valuesOf(lines, name)[0],
  };
  return { value, used: end + 4 };
};

/** Exactly so many bytes. */
export const readBytes =
  (count: number) =>
  (bytes: Buffer): { value: Buffer; used: number } | undefined =>
    bytes.length < count ? undefined : { value: Buffer.from(bytes.subarray(0, count)), used: count };

/** The key that the tests' handshakes use: the one of RFC 6455 section 1.3. */
export const SAMPLE_KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** What a server must answer to a key (RFC 6455 section 4.2.2). */
export const acceptOf = (key: string): string =>
  createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");

/** Header lines by name; undefined takes a line out, an array repeats it. */
export type HeaderLines = Readonly<Record<string, string | readonly string[] | undefined>>;

const linesOf = (headers: HeaderLines): string[] =>
  Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return typeof value === "string" ? [`${name}: ${value}`] : value.map((one) => `${name}: ${one}`);
  });

/** An upgrade request, valid unless `headers` make it otherwise. */
export const upgradeHead = (target = "/", headers: HeaderLines = {}, method = "GET", version = "HTTP/1.1"): string => {
  const all: HeaderLines = {
    Host: "fairlead.test",
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Key": SAMPLE_KEY,
    "Sec-WebSocket-Version": "13",
    ...headers,
  };
  return [`${method} ${target} ${version}`, ...linesOf(all), "", ""].join("\r\n");
};

/** A 101 for the request, valid unless `headers` make it otherwise. */
export const switchingHead = (request: WireHead, headers: HeaderLines = {}): string => {
  const all: HeaderLines = {
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Accept": acceptOf(request.get("Sec-WebSocket-Key") ?? ""),
    ...headers,
  };
  return ["HTTP/1.1 101 Switching Protocols", ...linesOf(all), "", ""].join("\r\n");
};
