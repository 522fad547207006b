import { formatDuration } from "../base/index.ts";
import type { Bytes, Milliseconds } from "../base/index.ts";
import { CloseCode } from "../websocket/index.ts";
import { formatPath, type Issue, type Path } from "./problem.ts";
import { getIn } from "./tree.ts";
import type { Config, TunnelOptions } from "./types.ts";

/** The tunnels of one route, and where what is said of them stands. */
interface Kept {
  readonly tunnel: TunnelOptions;
  readonly pool: string;
  /** A route may say it, or the whole configuration. */
  readonly at: (...keys: readonly (string | number)[]) => Path;
}

/** What tunnels are to do, but will not. */
export function tunnelWarnings(config: Config, input: unknown): Issue[] {
  const { routes, defaultRoute } = config;
  const kept: Kept[] = routes.map(({ tunnel, pool }, index) => ({
    tunnel,
    pool,
    at: (...keys) => {
      const own = ["routes", index, "tunnel", ...keys];
      return getIn(input, own) === undefined ? ["tunnel", ...keys] : own;
    },
  }));
  if (defaultRoute !== undefined) kept.push({ ...defaultRoute, at: (...keys) => ["tunnel", ...keys] });
  const issues = kept.flatMap((one) => [
    ...transparentWarnings(one),
    ...handOverWarnings(one),
    ...rehomeWarnings(one),
    ...heartbeatWarnings(one, config),
  ]);
  const isFirst = (issue: Issue, index: number): boolean => issues.findIndex((one) => isSame(one, issue)) === index;
  return issues.filter(isFirst);
}

/** What the whole configuration says comes up with each route that does not say otherwise. */
function isSame(one: Issue, other: Issue): boolean {
  return one.message === other.message && formatPath(one.path) === formatPath(other.path);
}

function transparentWarnings({ tunnel, at }: Kept): Issue[] {
  if (!tunnel.transparent || tunnel.rehome === "off") return [];
  const message = "tunnels that are transparent are never re-homed; leave out transparent or rehome";
  return [{ path: at("transparent"), message }];
}

function handOverWarnings({ tunnel, at }: Kept): Issue[] {
  if (tunnel.rehome === "off" || !tunnel.rehome.handOverCodes.includes(CloseCode.normal)) return [];
  const message =
    "1000 is how a backend ends what is over, and here its client gets another backend instead of the end; leave 1000 out";
  return [{ path: at("rehome", "handOverCodes"), message }];
}

/** Dialling a backend takes some of it, on any network. */
const LEAST_TIMEOUT: Milliseconds = 100;
/** Any message with a word in it has more. */
const LEAST_REPLAY: Bytes = 16;

function rehomeWarnings({ tunnel: { rehome }, at }: Kept): Issue[] {
  if (rehome === "off") return [];
  const issues: Issue[] = [];
  const warn = (key: keyof typeof rehome, message: string): void =>
    void issues.push({ path: at("rehome", key), message });
  const { timeout, quiet, replay, replayBytes } = rehome;
  if (quiet > timeout)
    warn(
      "quiet",
      "no backend is quiet for so long before the timeout, so planned moves end tunnels; set it below timeout",
    );
  if (timeout < LEAST_TIMEOUT)
    warn(
      "timeout",
      `hardly a backend is dialled in that time, and clients get a Close; set at least ${formatDuration(LEAST_TIMEOUT)}`,
    );
  if (replay > 0 && replayBytes < LEAST_REPLAY)
    warn(
      "replayBytes",
      "hardly a message fits, and what does not is not sent again; leave it out, or leave out replay",
    );
  return issues;
}

function heartbeatWarnings({ tunnel, pool, at }: Kept, { pools }: Config): Issue[] {
  if (tunnel.heartbeat !== "off" || tunnel.transparent) return [];
  const path = at("heartbeat");
  const issues: Issue[] = [];
  if (tunnel.rehome !== "off") {
    const message = "without heartbeats a backend that is frozen is never left; leave out heartbeat: off, or rehome";
    issues.push({ path, message });
  }
  if (pools[pool]?.balance.method === "fastest") {
    const message = `without heartbeats fastest of pool "${pool}" knows the times of handshakes alone; leave out heartbeat: off, or choose another method`;
    issues.push({ path, message });
  }
  return issues;
}
