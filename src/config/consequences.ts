import type { Subject } from "./parts.ts";

const PRESENCE: Readonly<Record<Exclude<Subject, "settings">, { readonly added: string; readonly removed: string }>> = {
  listener: { added: "begins to listen", removed: "accepts nothing more; open connections stay" },
  certificate: {
    added: "handshakes from now on can get it",
    removed: "no handshake gets it any more; open connections stay",
  },
  pool: { added: "is there for routes from now on", removed: "is gone, with its backends" },
  backend: {
    added: "takes new tunnels and requests",
    removed: "is drained: it gets nothing new, and its tunnels are ended one by one with 1012, or re-homed",
  },
  route: { added: "takes requests from now on; open tunnels stay", removed: "takes nothing new; open tunnels stay" },
};

/** What a reload does with a part that came or went, in words for operators. */
export function presenceOf(
  subject: keyof typeof PRESENCE,
  kind: "added" | "removed",
  { state }: Readonly<Record<string, unknown>>,
): string {
  return kind === "added" && state === "draining" ? "takes nothing until it is active" : PRESENCE[subject][kind];
}

/** From when on, and for what, a reload brings a change of an option into force. */
export const EFFECTS = {
  connection: "keeps its socket; for connections that come from now on",
  newcomer: "for connections that come from now on; open ones keep what they have",
  certificate: "replaced in place: handshakes from now on get it, open connections stay",
  precedence: "decides which certificate a name gets, and which those who ask for none; for handshakes from now on",
  request: "from the next request or handshake on; open tunnels stay",
  equals: "decides between routes that are equally specific; from the next request or handshake on, open tunnels stay",
  tunnel: "for tunnels that open from now on; open ones keep what they began with",
  room: "at once, for new tunnels; open ones stay, even when they are too many",
  pick: "from the next pick on; open tunnels stay where they are",
  state:
    "draining: nothing new, and its tunnels are ended, or re-homed, at the pool's pace; active: it takes new tunnels again",
  drain: "from the next drain on; those that run keep their pace",
  rebalance: "from the next look at the loads on; moves that run keep their pace",
  dial: "from the next connection to a backend on; open ones stay",
  signal: "from the next sign of health on; what is known of backends stays",
  probe: "at once: what is asked now is given up, and asked anew within a second; what is known of backends stays",
  outliers: "from the next look at what has been seen on; off: ejections end at once",
  panic: "from the next change of a backend's health on; open tunnels stay",
  cookies: "cookies given out before are not known any more: their clients are balanced anew, open tunnels stay",
  shutdown: "from the next shutdown on, for open tunnels too",
  now: "at once, for open tunnels too",
  watch: "at once",
} as const satisfies Readonly<Record<string, string>>;

/**
 * The effect of each option, by its path in the reference. What stands inside an option has the option's own effect,
 * where it has none itself: everything of `tunnel` is settled when a tunnel begins, whatever else may come to it.
 */
export const OPTION_EFFECTS: Readonly<Record<string, keyof typeof EFFECTS>> = {
  drain: "shutdown",
  drainDelay: "shutdown",
  watch: "watch",
  secret: "cookies",
  trustedProxies: "request",
  "log.level": "now",
  "log.access": "now",
  "log.accessEvery": "now",
  "limits.maxHeadSize": "newcomer",
  "limits.headTimeout": "newcomer",
  "limits.requestTimeout": "newcomer",
  "limits.responseTimeout": "request",
  "limits.keepAliveTimeout": "newcomer",
  "limits.maxEarlyData": "request",
  "limits.maxTunnels": "room",
  routes: "equals",
  "listen[].tls": "connection",
  "listen[].tls.certificates": "precedence",
  "listen[].tls.certificates[]": "certificate",
  "pools.NAME.balance": "pick",
  "pools.NAME.affinity": "pick",
  "pools.NAME.tls": "dial",
  "pools.NAME.dial": "dial",
  "pools.NAME.health": "signal",
  "pools.NAME.health.active": "probe",
  "pools.NAME.health.outliers": "outliers",
  "pools.NAME.health.panic": "panic",
  "pools.NAME.admission": "pick",
  "pools.NAME.drain": "drain",
  "pools.NAME.rebalance": "rebalance",
  "pools.NAME.backends[].weight": "pick",
  "pools.NAME.backends[].state": "state",
  "pools.NAME.backends[].maxConnections": "pick",
  "routes[].match": "request",
  "routes[].pool": "request",
  "routes[].origins": "request",
  "routes[].tunnel": "tunnel",
};

/** Options that a reload leaves as they are, each with the reason. */
export const NEEDS_RESTART: Readonly<Record<string, string>> = {
  admin: "its address is bound once, and the reload may have been asked for there",
  workers: "each process holds its share of the open tunnels",
  socketDriver: "processes choose how they accept and drive sockets when they start",
  "log.format": "whoever reads the lines has been promised one form",
  "log.accessFormat": "whoever reads the lines has been promised one form",
};

/** What becomes of a change. */
export interface Consequence {
  /** In words for operators. */
  readonly effect: string;
  /** Whether a reload leaves the option as it was. */
  readonly restart: boolean;
}

/**
 * What a reload does with a changed option.
 *
 * @param path as the reference writes it: `pools.NAME.backends[].weight`
 * @returns undefined for what is no option that can change in its place
 */
export function consequenceOf(path: string): Consequence | undefined {
  for (let at = path; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf(".")))) {
    const reason = NEEDS_RESTART[at];
    if (reason !== undefined) return { effect: `stays as it is until a restart: ${reason}`, restart: true };
    const effect = OPTION_EFFECTS[at];
    if (effect !== undefined) return { effect: EFFECTS[effect], restart: false };
  }
  return undefined;
}
