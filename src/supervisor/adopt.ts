import type { Inherited } from "./inherited.ts";

/** By what name the socket of the admin API is passed on. */
export const ADMIN_NAME = "admin";

/** Which inherited sockets are used for what. */
export interface Adopted {
  /** Descriptors by the names of the listeners. */
  readonly listeners: ReadonlyMap<string, number>;
  readonly admin: number | undefined;
  /** Nobody has a use for them. */
  readonly spare: readonly number[];
}

/**
 * Decides what becomes of inherited sockets. An older fairlead names the listener that each is of. systemd's names are not
 * of that kind: but for `admin`, its sockets go in order to the listeners in the order of the configuration.
 *
 * @param listeners names of the configured listeners, in order
 * @param hasAdmin whether the admin API is configured
 */
export function adopt(inherited: readonly Inherited[], listeners: readonly string[], hasAdmin: boolean): Adopted {
  const adopted = new Map<string, number>();
  const spare: number[] = [];
  const unnamed: number[] = [];
  let admin: number | undefined;
  for (const { name, fd } of inherited) {
    if (name === ADMIN_NAME && hasAdmin && admin === undefined) admin = fd;
    else if (listeners.includes(name) && !adopted.has(name)) adopted.set(name, fd);
    else if (name === ADMIN_NAME || name.includes(":")) spare.push(fd);
    else unnamed.push(fd);
  }
  for (const listener of listeners) {
    const fd = adopted.has(listener) ? undefined : unnamed.shift();
    if (fd !== undefined) adopted.set(listener, fd);
  }
  return { listeners: adopted, admin, spare: [...spare, ...unnamed] };
}
