import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { fastifyHttpProxy } from "@fastify/http-proxy";
import fastify from "fastify";
import { certificate, serverOptions, setting, target } from "./setting.ts";

/**
 * It ends WebSockets with `ws` on both sides: each message is read, unmasked, masked anew and written. Its undici pool
 * keeps connections to the backend alive as it comes; tuned, it has more of them, and `ws` does not check each text
 * for UTF-8.
 */
const tls = certificate();
const app = fastify({
  serverFactory: (handler) =>
    tls === undefined ? createServer(serverOptions, handler) : createTlsServer({ ...serverOptions, ...tls }, handler),
});
await app.register(fastifyHttpProxy, {
  upstream: target,
  websocket: true,
  ...(setting.tuned
    ? {
        undici: { connections: 512, pipelining: 1 },
        wsServerOptions: { skipUTF8Validation: true, perMessageDeflate: false },
        wsClientOptions: { skipUTF8Validation: true, perMessageDeflate: false },
      }
    : {}),
});
await app.listen({ port: setting.port, host: "127.0.0.1" });
