/** A listening socket that came with the process's start. */
export interface Inherited {
  readonly fd: number;
  /** Ours: the name of the listener, or `admin`. systemd's: what the unit says, which never holds a colon. */
  readonly name: string;
}

/** Variables that tell of inherited sockets. */
export const INHERITED_VARIABLES = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "FAIRLEAD_INHERIT"] as const;

/** The first descriptor that systemd passes. */
const FIRST_DESCRIPTOR = 3;

/**
 * Reads which sockets a process was started with: `FAIRLEAD_INHERIT` (`NAME=FD,NAME=FD`) from an older fairlead, else
 * `LISTEN_FDS` and its like from systemd.
 *
 * @param pid this process; what systemd meant for another one is not ours
 */
export function parseInherited(env: Readonly<Record<string, string | undefined>>, pid: number): Inherited[] {
  const ours = env["FAIRLEAD_INHERIT"];
  if (ours !== undefined) return ours.split(",").flatMap(parsePair);
  if (env["LISTEN_PID"] !== String(pid)) return [];
  const names = (env["LISTEN_FDNAMES"] ?? "").split(":");
  return Array.from({ length: Number(env["LISTEN_FDS"] ?? 0) }, (_, index) => ({
    fd: FIRST_DESCRIPTOR + index,
    name: names[index] ?? "",
  }));
}

function parsePair(pair: string): Inherited[] {
  const at = pair.lastIndexOf("=");
  const fd = Number(pair.slice(at + 1));
  return at > 0 && Number.isInteger(fd) && fd >= FIRST_DESCRIPTOR ? [{ name: pair.slice(0, at), fd }] : [];
}

/** The opposite: what `FAIRLEAD_INHERIT` says of these. */
export function formatInherited(inherited: readonly Inherited[]): string {
  return inherited.map(({ name, fd }) => `${name}=${fd}`).join(",");
}
