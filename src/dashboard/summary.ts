import type { VNode } from "preact";
import type { Sample } from "../admin/index.ts";
import { bytes, count, latency, NOTHING, rate } from "./format.ts";
import { samples, status } from "./store.ts";
import type { Instance } from "./store.ts";
import { html } from "./view.ts";

/** A name, its value, and a note to it. */
type Figure = readonly [name: string, value: string, note: string];

/** The whole instance in a row of numbers: how it is now, and what it did in the latest sample. */
export function Summary(): VNode {
  const [tunnels, ...others] = held(status.value);
  const figures = [tunnels, ...carried(samples.value.at(-1)), ...others];
  return html`<section class="summary" aria-label="Summary">
    <dl>${figures.map(figure)}</dl>
  </section>`;
}

function held(now: Instance | undefined): readonly [Figure, ...Figure[]] {
  const shown = (of: (instance: Instance) => number): string => (now === undefined ? NOTHING : count(of(now)));
  return [
    ["Tunnels", shown(({ tunnels }) => tunnels), limit(now)],
    ["Requests", shown(({ requests }) => requests), `${shown(({ handshakes }) => handshakes)} handshakes`],
    ["Refused", shown((all) => all.refusedTunnels + all.refusedConnections), "for want of room"],
    ["Workers", shown(({ workers }) => workers.length), `${shown(({ connections }) => connections)} connections`],
  ];
}

function limit(now: Instance | undefined): string {
  if (now === undefined) return "";
  return now.maxTunnels === null ? "no limit" : `of ${count(now.maxTunnels)}`;
}

function carried(last: Sample | undefined): readonly Figure[] {
  const shown = (of: (sample: Sample) => string): string => (last === undefined ? NOTHING : of(last));
  const both = ({ fromClient, fromBackend }: Sample["messages"]): number => fromClient + fromBackend;
  const clients = last?.rtt.client;
  const backends = last?.rtt.backend;
  return [
    ["Opened", shown(({ opened }) => rate(opened)), "per second"],
    ["Closed", shown(({ closed }) => rate(closed)), "per second"],
    ["Messages", shown(({ messages }) => rate(both(messages))), "per second"],
    ["Traffic", shown((sample) => bytes(both(sample.bytes))), "per second"],
    ["RTT of clients", latency(clients?.p50), `p99 ${latency(clients?.p99)}`],
    ["RTT of backends", latency(backends?.p50), `p99 ${latency(backends?.p99)}`],
  ];
}

const figure = ([name, value, note]: Figure): VNode => html`
  <div>
    <dt>${name}</dt>
    <dd><b>${value}</b><small>${note}</small></dd>
  </div>
`;
