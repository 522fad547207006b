import type { Logger } from "../base/index.ts";

import { UNLIMITED } from "./room.ts";
import type { Room } from "./room.ts";

/** Tunnels of one process below which the limit on open files is hardly what its operator wants. */
const TUNNELS_SENSIBLE_MIN = 4_000;
/** A limit that is worth the trouble of raising it. */
const DESCRIPTORS_ADVISED = 65_536;
const ADVICE =
  `raise it with "ulimit -n ${DESCRIPTORS_ADVISED}" in the shell that starts it, LimitNOFILE=${DESCRIPTORS_ADVISED} in its systemd unit, ` +
  `or --ulimit nofile=${DESCRIPTORS_ADVISED}:${DESCRIPTORS_ADVISED} for its container`;

/** Tells an operator how many tunnels there is room for, and why; and what to do where that is little. */
export function tellRoom(room: Room, logger: Pick<Logger, "info" | "warn">): void {
  const { descriptors, wanted, tunnels, shares, worker } = room;
  const fields = {
    maxTunnels: tunnels === UNLIMITED ? null : tunnels,
    workers: shares.length,
    descriptors: descriptors ?? null,
  };
  logger.info(fields, roomLine(room));
  if (descriptors === undefined) return;
  if (wanted !== undefined && tunnels < wanted) {
    const text = `limits.maxTunnels is ${wanted}, but the limit of ${descriptors} open files has room for ${tunnels}`;
    logger.warn(fields, `${text}; ${ADVICE}`);
  } else if (wanted === undefined && worker.tunnels < TUNNELS_SENSIBLE_MIN) {
    logger.warn(fields, `a process may open ${descriptors} files only, which is room for few tunnels; ${ADVICE}`);
  }
}

function roomLine({ descriptors, wanted, tunnels, shares, worker }: Room): string {
  if (tunnels === UNLIMITED) return "no limit on open files is known: the number of tunnels is not limited";
  const among = shares.length === 1 ? "" : `, shared out among ${shares.length} workers`;
  const each = shares.length === 1 ? "" : `, ${worker.tunnels} in each of ${shares.length} workers`;
  if (wanted !== undefined && wanted === tunnels)
    return `room for ${tunnels} tunnels${among}, as limits.maxTunnels says`;
  return `room for ${tunnels} tunnels${each}: a process may open ${descriptors} files`;
}
