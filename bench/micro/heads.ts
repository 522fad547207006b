import { forwardedRequestHeaders, type ForwardFacts, requestHeadText, responseHeadText } from "../../src/http/index.ts";
import { BROWSER_HEADERS } from "./browser-head.ts";
import { report } from "./measure.ts";

/** What is made of a client's head on its way to the backend, and of the answer's on its way back. */

const facts: ForwardFacts = {
  remoteAddress: "127.0.0.1",
  trusted: false,
  scheme: "https",
  host: "chat.example.com",
  localPort: 443,
  upgrade: true,
};
const target = "/socket?room=7";
const forwarded = forwardedRequestHeaders(BROWSER_HEADERS, facts);
const answer = [
  "Upgrade",
  "websocket",
  "Connection",
  "Upgrade",
  "Sec-WebSocket-Accept",
  "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
];

function expect(fine: boolean, what: string): void {
  if (!fine) throw new Error(`wrong head: ${what}`);
}

report("building heads", [
  {
    name: "forwardedRequestHeaders, a browser's 16 headers",
    check() {
      const names = forwarded.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
      expect(names.includes("x-forwarded-for") && names.includes("cookie"), names.join(", "));
      expect(!forwarded.includes("keep-alive, Upgrade"), "the Connection header of the other hop is still there");
    },
    run: () => forwardedRequestHeaders(BROWSER_HEADERS, facts).length,
  },
  {
    name: "requestHeadText of them",
    check() {
      const text = requestHeadText("GET", target, forwarded);
      expect(text.startsWith(`GET ${target} HTTP/1.1\r\n`) && text.endsWith("\r\n\r\n"), text);
    },
    run: () => requestHeadText("GET", target, forwarded).length,
  },
  {
    name: "responseHeadText of a 101",
    check() {
      const text = responseHeadText(101, "Switching Protocols", answer);
      expect(text.startsWith("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"), text);
    },
    run: () => responseHeadText(101, "Switching Protocols", answer).length,
  },
]);
