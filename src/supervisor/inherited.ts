import { FairleadError } from "../base/index.ts";

/** A listening socket that this process was started with. */
export interface Inherited {
  /** Its descriptor in this process. */
  readonly fd: number;
  /** What whoever passed it calls it: `admin`, the name of a listener, or a name that says nothing (`fairlead.socket`). */
  readonly name: string;
}

/** Which of the sockets that were passed is whose. */
export interface Assigned {
  /** By the listener's name; a listener that is not in it listens by itself. */
  readonly listeners: ReadonlyMap<string, number>;
  /** The admin listener's; undefined when it listens by itself. */
  readonly admin?: number;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** By which an instance passes its sockets to the one that takes over: `NAME=FD,NAME=FD`. */
export const INHERIT_VARIABLE = "FAIRLEAD_INHERIT";

/** The name under which the socket of the admin listener is passed. */
export const ADMIN_SOCKET = "admin";

/** systemd passes sockets from here on, behind standard input, output and error (sd_listen_fds(3)). */
const FIRST_FD = 3;

/** Nobody passes more; a greater number is a mistake. */
const MAX_SOCKETS = 1_000;

const ACTIVATION = "systemd's LISTEN_FDS";

/**
 * The listening sockets that this process was started with: from an instance that is being replaced, else from systemd.
 *
 * @param env the environment
 * @param pid of this process: what systemd passes is meant for one process, and not for those that it starts
 * @returns nothing where nobody passed any
 * @throws FairleadError LISTEN_FAILED when the variables contradict themselves
 */
export function inheritedSockets(env: Variables, pid: number): readonly Inherited[] {
  const own = env[INHERIT_VARIABLE] ?? "";
  return own === "" ? activatedSockets(env, pid) : parseInherit(own);
}

/** What {@link inheritedSockets} reads, for the environment of the instance that takes over. */
export function formatInherit(sockets: readonly Inherited[]): string {
  return sockets.map(({ name, fd }) => `${name}=${fd}`).join(",");
}

function parseInherit(text: string): readonly Inherited[] {
  const sockets = text.split(",").map((entry) => {
    const [, name, fd] = /^(.+)=(\d{1,6})$/.exec(entry) ?? [];
    if (name === undefined) throw wrong(`${INHERIT_VARIABLE}: "${entry}" is not NAME=DESCRIPTOR.`);
    return { name, fd: Number(fd) };
  });
  for (const key of ["name", "fd"] as const) {
    const twice = duplicate(sockets.map((socket) => String(socket[key])));
    if (twice !== undefined) throw wrong(`${INHERIT_VARIABLE}: ${twice} is there twice; each socket has its own.`);
  }
  return sockets;
}

/** What systemd passes to a service that has a socket unit. */
function activatedSockets(env: Variables, pid: number): readonly Inherited[] {
  const { LISTEN_FDS: count, LISTEN_PID: meant, LISTEN_FDNAMES: names } = env;
  if (count === undefined || meant !== String(pid)) return [];
  const size = /^\d{1,6}$/.test(count) ? Number(count) : NaN;
  if (!(size <= MAX_SOCKETS))
    throw wrong(`LISTEN_FDS is "${count}"; it has to be a whole number from 0 to ${MAX_SOCKETS}.`);
  const given = names === undefined ? undefined : names.split(":");
  if (given !== undefined && size > 0 && given.length !== size) {
    const told = `LISTEN_FDNAMES has ${given.length} names (${names}) and LISTEN_FDS says ${size} sockets`;
    throw wrong(`${told}; there has to be a name for each.`);
  }
  return Array.from({ length: size }, (_, index) => ({ fd: FIRST_FD + index, name: given?.[index] ?? "unknown" }));
}

/**
 * Gives each socket that systemd passed to a listener: the one called `admin` to the admin listener, those called like a
 * listener to it, and all others, in their order, to the listeners that are left, in theirs.
 *
 * @param sockets what was passed
 * @param names of the configured listeners, in their order
 * @param admin whether there is an admin listener
 * @throws FairleadError LISTEN_FAILED when a socket is nobody's, or two are the same listener's, or some listeners that
 * have no socket of their name would be left without one
 */
export function assignSockets(sockets: readonly Inherited[], names: readonly string[], admin: boolean): Assigned {
  const ofAdmin = sockets.filter(({ name }) => name === ADMIN_SOCKET);
  const named = sockets.filter(({ name }) => name !== ADMIN_SOCKET && names.includes(name));
  const nameless = sockets.filter((socket) => !ofAdmin.includes(socket) && !named.includes(socket));
  const twice = duplicate([...ofAdmin, ...named].map(({ name }) => name));
  if (twice !== undefined) throw wrong(`${ACTIVATION}: two sockets are called ${twice}; one is enough.`);
  if (ofAdmin.length > 0 && !admin)
    throw wrong(`${ACTIVATION}: a socket is called ${ADMIN_SOCKET}, but admin is off; leave the socket out.`);
  const left = names.filter((name) => !named.some((socket) => socket.name === name));
  if (nameless.length > 0 && nameless.length !== left.length) throw wrong(misfit(nameless, left));
  const listeners = new Map(named.map(({ name, fd }) => [name, fd]));
  for (const [index, { fd }] of nameless.entries()) listeners.set(left[index] ?? "", fd);
  const fd = ofAdmin[0]?.fd;
  return fd === undefined ? { listeners } : { listeners, admin: fd };
}

function misfit(nameless: readonly Inherited[], left: readonly string[]): string {
  const passed = nameless.length === 1 ? "1 socket was passed" : `${nameless.length} sockets were passed`;
  const which = left.length === 0 ? "no listener is left for it" : `the listeners left are ${left.join(", ")}`;
  const right = "let the socket unit have one ListenStream= for each address of listen, in the same order";
  return `${ACTIVATION}: ${passed} (${nameless.map(({ name }) => name).join(", ")}), but ${which}; ${right}.`;
}

function duplicate(values: readonly string[]): string | undefined {
  return values.find((value, index) => values.indexOf(value) !== index);
}

function wrong(message: string): FairleadError {
  return new FairleadError("LISTEN_FAILED", message);
}
