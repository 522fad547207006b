import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls, createSecureContext, type SecureContext } from "node:tls";
import type { Goal } from "./protocol.ts";

/** Clients come from this many addresses of 127.0.0.0/8: one address has 28,000 ports. */
const SOURCES = 40;
/** Every reading connection shares one buffer: what was read is looked at before the next read. */
const SHARED = Buffer.allocUnsafe(256 * 1024);
/** The name in the benchmark's own certificate. */
export const SERVER_NAME = "bench.example";

/** By the certificate that is trusted: making one costs more than a handshake. Sessions are not resumed for it. */
const contexts = new Map<string, SecureContext>();

let dialled = 0;

/** What a connection tells its owner. */
export interface Listener {
  opened(): void;
  /** `bytes` are valid until the return. */
  received(bytes: Buffer): void;
  /** Once, whoever ended it. */
  closed(error: Error | undefined): void;
}

/** Connects to the goal from the next source address; TLS 1.3 with one cipher, so that all proxies do the same work. */
export function dial(goal: Goal, listener: Listener): Socket {
  dialled += 1;
  const localAddress = `127.0.0.${2 + (dialled % SOURCES)}`;
  const where = { host: "127.0.0.1", port: goal.port, localAddress };
  let failure: Error | undefined;
  const socket =
    goal.ca === undefined
      ? connectPlain({
          ...where,
          noDelay: true,
          onread: {
            buffer: SHARED,
            callback(length) {
              listener.received(SHARED.subarray(0, length));
              return true;
            },
          },
        })
      : connectTls({
          ...where,
          secureContext: contextOf(goal.ca),
          servername: SERVER_NAME,
        });
  if (goal.ca !== undefined) {
    socket.setNoDelay(true);
    socket.on("data", (bytes: Buffer) => listener.received(bytes));
  }
  socket.on(goal.ca === undefined ? "connect" : "secureConnect", () => listener.opened());
  socket.on("error", (error: Error) => {
    failure = error;
    socket.destroy();
  });
  socket.on("close", () => listener.closed(failure));
  return socket;
}

function contextOf(ca: string): SecureContext {
  let context = contexts.get(ca);
  if (context === undefined) {
    context = createSecureContext({ ca, minVersion: "TLSv1.3", ciphers: "TLS_AES_128_GCM_SHA256" });
    contexts.set(ca, context);
  }
  return context;
}
