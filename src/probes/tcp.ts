import { connect as connectPlain } from "node:net";
import { connect as connectSecure } from "node:tls";

import type { ActiveOptions } from "../health/index.ts";

import { aimOf } from "./aim.ts";
import type { ProbeKind } from "./finding.ts";

/** A connection, with TLS where the backend has it. */
export const tcp: ProbeKind<ActiveOptions & { kind: "tcp" }> = ({ backend, tls, question, pass, fail }) => {
  const { hostname: host, port, secure, options } = aimOf(backend, tls, question);
  const begun = performance.now();
  const socket = secure ? connectSecure({ host, port, ...options }) : connectPlain({ host, port });
  socket.on(secure ? "secureConnect" : "connect", () => pass(performance.now() - begun));
  socket.on("error", (error: Error) => fail("dial-failed", error.message));
  socket.on("close", () => fail("dial-failed", "it closed the connection at once"));
  // Behind the end of a TLS session what is left of the connection has to be read before it is let go.
  return (passed) => void (passed ? socket.resume().end(() => socket.destroy()) : socket.destroy());
};
