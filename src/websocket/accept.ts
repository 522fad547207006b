import { hash } from "node:crypto";

const handshakeGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** The Sec-WebSocket-Accept that answers a Sec-WebSocket-Key (RFC 6455 section 4.2.2, step 5.4). */
export function acceptValue(key: string): string {
  return hash("sha1", key + handshakeGuid, "base64");
}
