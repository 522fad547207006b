import { FairleadError } from "../base/index.ts";

/** A listening socket that came with the process's start. */
export interface Inherited {
  /** Its descriptor in this process. */
  readonly fd: number;
  /** From an older fairlead: the listener's name, or `admin`. From systemd: what the unit says, which never has a colon. */
  readonly name: string;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** By which an instance passes its sockets to the one that takes over: `NAME=FD,NAME=FD`. */
const INHERIT = "FAIRLEAD_INHERIT";

/** Variables that tell of sockets. They are meant for one process, and not for those that it starts. */
export const INHERITED_VARIABLES = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", INHERIT] as const;

/** systemd passes sockets from here on, behind standard input, output and error (sd_listen_fds(3)). */
const FIRST_FD = 3;

/** Nobody passes more; a greater number is a mistake. */
const MAX_SOCKETS = 1_000;

/** What systemd calls a socket whose name it does not tell. */
const UNKNOWN = "unknown";

/**
 * The listening sockets that a process was started with: from an older fairlead where that says so (even if it passes
 * none), else from systemd.
 *
 * @param env the environment
 * @param pid this process; what systemd meant for another one is not ours
 * @returns nothing where nobody passed any
 * @throws FairleadError LISTEN_FAILED when the variables contradict themselves
 */
export function parseInherited(env: Variables, pid: number): readonly Inherited[] {
  const ours = env[INHERIT];
  return ours === undefined ? parseActivated(env, pid) : parsePairs(ours);
}

/** The opposite: what `FAIRLEAD_INHERIT` says of these. */
export function formatInherited(sockets: readonly Inherited[]): string {
  return sockets.map(({ name, fd }) => `${name}=${fd}`).join(",");
}

function parsePairs(text: string): readonly Inherited[] {
  if (text === "") return [];
  const sockets = text.split(",").map((pair) => {
    const [, name, fd] = /^(.+)=(\d{1,6})$/.exec(pair) ?? [];
    if (name === undefined || Number(fd) < FIRST_FD)
      throw wrong(`${INHERIT}: "${pair}" is not NAME=DESCRIPTOR, with a descriptor from ${FIRST_FD} on.`);
    return { name, fd: Number(fd) };
  });
  for (const key of ["name", "fd"] as const) {
    const values = sockets.map((socket) => String(socket[key]));
    const twice = values.find((value, index) => values.indexOf(value) !== index);
    if (twice !== undefined) throw wrong(`${INHERIT}: ${twice} is there twice; each socket has its own.`);
  }
  return sockets;
}

/** What systemd passes to a service that has a socket unit. */
function parseActivated(env: Variables, pid: number): readonly Inherited[] {
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
  return Array.from({ length: size }, (_, index) => ({ fd: FIRST_FD + index, name: given?.[index] ?? UNKNOWN }));
}

function wrong(message: string): FairleadError {
  return new FairleadError("LISTEN_FAILED", message);
}
