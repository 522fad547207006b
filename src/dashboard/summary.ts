import type { VNode } from "preact";
import { bytes, count, latency, NOTHING, rate } from "./format.ts";
import { samples, status } from "./store.ts";
import { html } from "./view.ts";

/** The whole instance in a row of numbers. */
export function Summary(): VNode {
  const now = status.value;
  const last = samples.value.at(-1);
  const two = (
    pair: { readonly fromClient: number; readonly fromBackend: number } | undefined,
    show: typeof rate,
  ): string => (pair === undefined ? NOTHING : show(pair.fromClient + pair.fromBackend));
  const refused = (now?.refusedTunnels ?? 0) + (now?.refusedConnections ?? 0);
  return html`<section class="summary" aria-label="Summary">
    <dl>
      ${figure("Tunnels", now && count(now.tunnels), now && (now.maxTunnels === null ? "no limit" : `of ${count(now.maxTunnels)}`))}
      ${figure("Opened", last && rate(last.opened), "per second")}
      ${figure("Closed", last && rate(last.closed), "per second")}
      ${figure("Messages", two(last?.messages, rate), "per second")}
      ${figure("Traffic", two(last?.bytes, bytes), "per second")}
      ${figure("RTT of clients", latency(last?.rtt.client?.p50), `p99 ${latency(last?.rtt.client?.p99)}`)}
      ${figure("RTT of backends", latency(last?.rtt.backend?.p50), `p99 ${latency(last?.rtt.backend?.p99)}`)}
      ${figure("Requests", now && count(now.requests), now && `${count(now.handshakes)} handshakes`)}
      ${figure("Refused", now && count(refused), "for want of room")}
      ${figure("Workers", now && count(now.workers.length), now && `${count(now.connections)} connections`)}
    </dl>
  </section>`;
}

const figure = (name: string, value: string | undefined, note: string | undefined): VNode => html`
  <div>
    <dt>${name}</dt>
    <dd><b>${value ?? NOTHING}</b><small>${note ?? ""}</small></dd>
  </div>
`;
