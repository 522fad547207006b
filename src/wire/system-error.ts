import { getSystemErrorName } from "node:util";

/**
 * An error like those of Node's own sockets.
 *
 * @param what could not be done
 * @param status libuv's number, negative
 */
export function systemError(what: string, status: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`${what} ${code}`), { code });
}
