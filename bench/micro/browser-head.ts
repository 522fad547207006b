import type { RawHeaders } from "../../src/http/index.ts";

/** The headers of an upgrade request as a browser sends it. */
export const BROWSER_HEADERS: RawHeaders = [
  ["Host", "chat.example.com"],
  ["Connection", "keep-alive, Upgrade"],
  ["Pragma", "no-cache"],
  ["Cache-Control", "no-cache"],
  ["User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"],
  ["Accept", "*/*"],
  ["Upgrade", "websocket"],
  ["Origin", "https://chat.example.com"],
  ["Sec-WebSocket-Version", "13"],
  ["Accept-Encoding", "gzip, deflate, br, zstd"],
  ["Accept-Language", "en-GB,en;q=0.8"],
  ["Cookie", "session=0123456789abcdef0123456789abcdef; theme=dark"],
  ["Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="],
  ["Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"],
  ["Sec-WebSocket-Protocol", "chat, superchat"],
  ["Sec-Fetch-Mode", "websocket"],
].flat();
