import { backendKey } from "../base/index.ts";
import type { ErrorCode, Milliseconds } from "../base/index.ts";
import {
  ByLabels,
  codeLabel,
  Counter,
  forDistributions,
  forTotals,
  FRAME_BYTES,
  Histogram,
  LATENCY_SECONDS,
  LIFETIME_SECONDS,
  statusLabel,
} from "../metrics/index.ts";
import type { DistributionName, HistogramCounts, Labelled, Measures, TotalName } from "../metrics/index.ts";
import type { LegMeter, RehomeReason, RelayMeters } from "../relay/index.ts";
import { newFrameSizes } from "../websocket/index.ts";

import { frameHistogram } from "./frame-histogram.ts";
import type { AccessRecord, RecordDraft } from "./record.ts";
import { Traffic } from "./traffic.ts";
import type { Carrier, OpenTunnel } from "./traffic.ts";

const SECOND_MS = 1_000;

const BOUNDS: Readonly<Record<DistributionName, readonly number[]>> = {
  handshakeSeconds: LATENCY_SECONDS,
  tunnelSeconds: LIFETIME_SECONDS,
  httpSeconds: LATENCY_SECONDS,
  rttSeconds: LATENCY_SECONDS,
  rehomeSeconds: LATENCY_SECONDS,
  queueSeconds: LATENCY_SECONDS,
  frameBytes: FRAME_BYTES,
};

/**
 * What one worker measures. What happens is counted as it happens; what flows is read off the open tunnels when somebody
 * asks, so that it costs the data path nothing.
 */
export class Meters implements RelayMeters {
  readonly client: LegMeter;
  readonly backend: LegMeter;
  private readonly totals = forTotals(() => new Counter());
  private readonly distributions = forDistributions((name) => new ByLabels(() => new Histogram(BOUNDS[name])));
  private readonly carriers = new Map<string, Carrier>();

  constructor() {
    this.client = this.legMeter("client");
    this.backend = this.legMeter("backend");
  }

  /** Counts something that happened. */
  count(name: TotalName, labels: readonly string[]): void {
    this.totals[name].add(labels);
  }

  /** Counts how long something took or how large it was, in base units. */
  observe(name: DistributionName, labels: readonly string[], value: number): void {
    this.distributions[name].of(labels).observe(value);
  }

  /** A client has waited for a place, and has got one or not. */
  waited(pool: string, time: Milliseconds): void {
    this.observe("queueSeconds", [pool], time / SECOND_MS);
  }

  /** An attempt to open a tunnel to a backend is over. */
  dialled(pool: string, backend: string, outcome: "upgraded" | "refused" | ErrorCode): void {
    this.count("dials", [pool, backend, outcome]);
  }

  /** A handshake was answered with 101. @returns what the tunnel is to be counted with */
  opened({ pool = "", backend = "", startedAt }: RecordDraft, now: number): Carrier {
    this.count("handshakes", [pool, "opened"]);
    this.observe("handshakeSeconds", [pool, "opened"], (now - startedAt) / SECOND_MS);
    this.count("tunnelsOpened", [pool, backend]);
    return this.carrierOf(pool, backend);
  }

  /** A tunnel has got another backend, or none. */
  rehomed(pool: string, reason: RehomeReason, outcome: "rehomed" | "failed", seconds: number): void {
    this.count("rehomings", [pool, reason, outcome]);
    this.observe("rehomeSeconds", [pool, outcome], seconds);
  }

  /** Messages of clients have been lost with a backend. */
  lost(pool: string, messages: number): void {
    if (messages > 0) this.totals.rehomeLost.add([pool], messages);
  }

  /** A tunnel, a handshake without one, or a request is over. */
  recorded(draft: RecordDraft, now: number): void {
    const { pool = "", startedAt, status } = draft;
    const seconds = (now - startedAt) / SECOND_MS;
    if (draft.tunnel !== null) this.closed(draft, draft.tunnel, seconds);
    else if (draft.kind === "tunnel") {
      this.count("handshakes", [pool, draft.error ?? statusLabel(status)]);
      this.observe("handshakeSeconds", [pool, "refused"], seconds);
    } else {
      this.count("httpRequests", [pool, statusLabel(status)]);
      this.observe("httpSeconds", [pool], seconds);
      this.totals.httpBytes.add([pool, "from_client"], draft.body?.fromClient ?? 0);
      this.totals.httpBytes.add([pool, "from_backend"], draft.body?.fromBackend ?? 0);
    }
  }

  /** What tunnels have carried so far, those that have ended and those that are open, by what they are counted with. */
  traffic(open: Iterable<OpenTunnel>): Map<Carrier, Traffic> {
    const traffic = new Map<Carrier, Traffic>();
    for (const carrier of this.carriers.values()) {
      const all = new Traffic();
      all.add(carrier.past);
      traffic.set(carrier, all);
    }
    for (const { tunnel, carrier, before } of open) traffic.get(carrier)?.addTunnel(tunnel, before);
    return traffic;
  }

  /**
   * All that has been measured by now.
   *
   * @param open the tunnels that are open
   * @param levels what is so at the moment with pools
   */
  snapshot(open: ReadonlySet<OpenTunnel>, levels: Pick<Measures["levels"], "queued" | "rehoming">): Measures {
    const counted = forTotals((name) => this.totals[name].snapshot());
    const carried = this.carried(open);
    const distributions: Record<DistributionName, Labelled<HistogramCounts>> = forDistributions((name) =>
      this.distributions[name].all().map(([labels, histogram]) => [labels, histogram.snapshot()] as const),
    );
    const payload = (direction: string): number =>
      carried.payloadBytes.find(([[name]]) => name === direction)?.[1] ?? 0;
    distributions.frameBytes = [
      [["from_client"], frameHistogram(this.client.frameSizes, payload("from_client"))],
      [["from_backend"], frameHistogram(this.backend.frameSizes, payload("from_backend"))],
    ];
    return { totals: { ...counted, ...carried }, distributions, levels: { ...levels, backlogBytes: backlogOf(open) } };
  }

  private closed({ pool = "", backend = "" }: RecordDraft, tunnel: EndedTunnel, seconds: number): void {
    const { endedBy, cause, client } = tunnel;
    this.count("tunnelsClosed", [pool, backend, endedBy, cause, codeLabel(client.closeTo ?? client.closeFrom)]);
    for (const leg of ["client", "backend"] as const) {
      this.count("closes", [pool, leg, "told", codeLabel(tunnel[leg].closeTo)]);
      this.count("closes", [pool, leg, "heard", codeLabel(tunnel[leg].closeFrom)]);
    }
    this.observe("tunnelSeconds", [pool], seconds);
  }

  /** What tunnels to a backend are counted with. */
  carrierOf(pool: string, backend: string): Carrier {
    const key = backendKey(pool, backend);
    const known = this.carriers.get(key);
    if (known !== undefined) return known;
    const carrier: Carrier = { labels: [pool, backend], past: new Traffic() };
    this.carriers.set(key, carrier);
    return carrier;
  }

  private carried(open: Iterable<OpenTunnel>): Pick<Measures["totals"], "messages" | "bytes" | "payloadBytes"> {
    const [messages, bytes, payloadBytes] = [new Counter(), new Counter(), new Counter()];
    payloadBytes.add(["from_client"], 0);
    payloadBytes.add(["from_backend"], 0);
    for (const [{ labels }, traffic] of this.traffic(open)) {
      for (const [direction, label] of DIRECTIONS) {
        messages.add([...labels, label], traffic.messages[direction]);
        bytes.add([...labels, label], traffic.bytes[direction]);
        payloadBytes.add([label], traffic.payload[direction]);
      }
    }
    return { messages: messages.snapshot(), bytes: bytes.snapshot(), payloadBytes: payloadBytes.snapshot() };
  }

  private legMeter(leg: "client" | "backend"): LegMeter {
    const rtt = this.distributions.rttSeconds.of([leg]);
    return { frameSizes: newFrameSizes(), heartbeat: (milliseconds) => rtt.observe(milliseconds / SECOND_MS) };
  }
}

type EndedTunnel = NonNullable<AccessRecord["tunnel"]>;

const DIRECTIONS = [
  ["fromClient", "from_client"],
  ["fromBackend", "from_backend"],
] as const;

/** What waits to be written to open tunnels. */
function backlogOf(open: Iterable<OpenTunnel>): Measures["levels"]["backlogBytes"] {
  const backlog = { client: 0, backend: 0 };
  for (const { tunnel } of open) {
    backlog.client += tunnel.client.leg.backlog;
    backlog.backend += tunnel.backend.leg.backlog;
  }
  return [
    [["client"], backlog.client],
    [["backend"], backlog.backend],
  ];
}
