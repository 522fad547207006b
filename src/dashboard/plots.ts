import { useComputed } from "@preact/signals";
import type { VNode } from "preact";
import { count, latency, rate } from "./format.ts";
import { Plot } from "./plot.ts";
import { closeCodes, roundTrips, seriesOf, tunnelsByBackend } from "./series.ts";
import { samples } from "./store.ts";
import { html } from "./view.ts";

/** The last hour. */
export function Plots(): VNode {
  const tunnels = useComputed(() => tunnelsByBackend(samples.value)).value;
  const traffic = useComputed(() =>
    seriesOf(samples.value, [
      ["opened", ({ opened }) => opened],
      ["closed", ({ closed }) => closed],
      ["refused", ({ refused }) => refused],
      ["re-homed", ({ rehomed }) => rehomed],
    ]),
  ).value;
  const messages = useComputed(() =>
    seriesOf(samples.value, [
      ["from clients", (sample) => sample.messages.fromClient],
      ["from backends", (sample) => sample.messages.fromBackend],
    ]),
  ).value;
  const codes = useComputed(() => closeCodes(samples.value)).value;
  const clients = useComputed(() => roundTrips(samples.value, "client")).value;
  const backends = useComputed(() => roundTrips(samples.value, "backend")).value;
  return html`<section class="plots" aria-label="The last hour">
    <${Plot} title="Tunnels by backend" unit="open" series=${tunnels} show=${count} least=${4} />
    <${Plot} title="Tunnels" unit="per second" series=${traffic} show=${rate} />
    <${Plot} title="Messages" unit="per second" series=${messages} show=${rate} />
    <${Plot} title="Close codes" unit="per second" series=${codes} show=${rate} />
    <${Plot} title="RTT of clients" unit="heartbeats" series=${clients} show=${latency} />
    <${Plot} title="RTT of backends" unit="heartbeats" series=${backends} show=${latency} />
  </section>`;
}
