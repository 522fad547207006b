import type { Socket } from "node:net";

/** How long a refused client may go on sending: ended at once, it would lose the answer to the reset. */
const LINGER_MS = 1_000;

/** Reads what still comes from a client that has got its last answer, and ends the connection after a while. */
export function linger(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once("close", () => clearTimeout(timer));
  socket.resume();
}
