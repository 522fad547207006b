import { createHash } from "node:crypto";

/** Every client sends the same key, so that the echo computes its accept value once. */
const KEY = Buffer.from("fairlead-bench-0").toString("base64");
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const END = "\r\n\r\n";

/** The accept value of RFC 6455 section 4.2.2. */
export function acceptOf(key: string): string {
  return createHash("sha1").update(key).update(GUID).digest("base64");
}

/** What the generator's tunnels expect. */
export const ACCEPT: string = acceptOf(KEY);

/** The head of an upgrade request, as small as RFC 6455 allows. */
export function upgradeRequest(target: string): Buffer {
  const lines = [
    `GET ${target} HTTP/1.1`,
    "Host: bench.example",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Key: ${KEY}`,
    "Sec-WebSocket-Version: 13",
  ];
  return Buffer.from(lines.join("\r\n") + END, "latin1");
}

/** The head of the small GET. */
export const PLAIN_REQUEST: Buffer = Buffer.from(`GET /plain HTTP/1.1\r\nHost: bench.example${END}`, "latin1");

/** Body of the answer to it. */
export const PLAIN_BODY = "Hello, world!";

/**
 * Takes the head of a 101 off `bytes`.
 *
 * @returns where the frames begin; 0 while the head is not there whole
 * @throws Error when it is another answer, or the accept value is wrong
 */
export function readUpgradeAnswer(bytes: Buffer): number {
  const end = bytes.indexOf(END);
  if (end < 0) return 0;
  const head = bytes.toString("latin1", 0, end);
  if (!head.startsWith("HTTP/1.1 101 ")) throw new Error(`the upgrade was answered with ${head.split("\r\n", 1)[0]}`);
  const accept = /^sec-websocket-accept: *(\S+) *$/im.exec(head)?.[1];
  if (accept !== ACCEPT) throw new Error(`the accept value is ${accept ?? "missing"}, not ${ACCEPT}`);
  return end + END.length;
}

/**
 * Bytes of the answer to the small GET that begins at `at`, head and body.
 *
 * @returns undefined while the head is not there whole
 * @throws Error when it is another answer than the one that was asked for
 */
export function plainAnswerBytes(bytes: Buffer, at: number): number | undefined {
  const end = bytes.indexOf(END, at, "latin1");
  if (end < 0) return undefined;
  // "HTTP/1.1 200": the digits are compared in place, since this runs for every answer.
  const isFine = bytes[at + 9] === 0x32 && bytes[at + 10] === 0x30 && bytes[at + 11] === 0x30;
  if (!isFine) throw new Error(`the request was answered with ${bytes.toString("latin1", at, at + 40)}`);
  return end + END.length - at + PLAIN_BODY.length;
}
