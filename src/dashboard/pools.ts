import type { VNode } from "preact";
import { askDrain, askRebalance, askUndrain, askWeight } from "./actions.ts";
import { bytes, count, latency, NOTHING, plural, rate } from "./format.ts";
import { measuredOf, notesOf, panicOf } from "./notes.ts";
import { backendMarks, bar, cell, mark } from "./parts.ts";
import { shortName } from "./series.ts";
import { key, openRates, status } from "./store.ts";
import type { Backend, Pool } from "./store.ts";
import { html } from "./view.ts";

/** All pools with their backends. */
export function Pools(): VNode {
  const pools = status.value?.pools;
  return html`<section id="pools" tabindex="-1" aria-label="Pools">
    ${pools === undefined ? html`<p class="card empty">Waiting for the first answer.</p>` : null}
    ${pools?.length === 0 ? html`<p class="card empty">There is no pool.</p>` : null} ${pools?.map(poolCard)}
  </section>`;
}

function some(number: number | undefined, what: string): string {
  return number === undefined || number === 0 ? "" : ` · ${count(number)} ${what}`;
}

function poolCard(pool: Pool): VNode {
  const open = pool.backends.reduce((sum, backend) => sum + backend.open, 0);
  const well = pool.backends.filter(({ health }) => health === "healthy").length;
  return html`<article class="card pool" key=${pool.name} aria-label=${`Pool ${pool.name}`}>
    <div class="title">
      <h2>${pool.name}</h2>
      <p>
        ${plural(open, "tunnel")} · ${well} of ${plural(pool.backends.length, "backend")} healthy · ${pool.balance}
        ${pool.affinity === "none" ? "" : ` · affinity ${pool.affinity}`} ${some(pool.queued, "queued")}
        ${some(pool.rehoming, "re-homing")}
      </p>
      ${pool.panic ? html`<span>${mark("bad", "panic", "so few backends are well that all are tried")} <small>${panicOf(pool)}</small></span>` : null}
      <button type="button" aria-label=${`Rebalance ${pool.name}`} onClick=${() => askRebalance(pool)}>
        Rebalance…
      </button>
    </div>
    ${pool.backends.length === 0 ? html`<p class="empty">This pool has no backend.</p>` : backendTable(pool)}
  </article>`;
}

const COLUMNS = ["Backend", "State", "Tunnels", "Opened/s", "Messages/s", "Requests", "Weight", "RTT", "Failures", ""];

function backendTable(pool: Pool): VNode {
  const most = Math.max(1, ...pool.backends.map(({ open, maxConnections }) => maxConnections ?? open));
  return html`<div class="scroll">
    <table class="backends">
      <thead>
        <tr>
          ${COLUMNS.map((name) => html`<th scope="col" class=${numeric(name)}>${name === "" ? html`<span class="hidden">Actions</span>` : name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${pool.backends.map((backend) => backendRow(pool, backend, most))}
      </tbody>
    </table>
  </div>`;
}

const numeric = (name: string): string => (!["Backend", "State", ""].includes(name) ? "number" : "");

function backendRow(pool: Pool, backend: Backend, most: number): VNode {
  const opened = openRates.value.get(key(pool.name, backend.name));
  const draining = backend.state === "draining";
  const limit = backend.maxConnections ?? null;
  const name = shortName(backend.name);
  return html`<tr key=${backend.name} data-backend=${backend.name}>
    <th scope="row">
      ${name}${[...notesOf(backend), measuredOf(backend)].map((note) => (note === "" ? null : html`<small>${note}</small>`))}
    </th>
    ${cell("State", backendMarks(backend), "state")}
    ${cell("Tunnels", html`<span class="load">${bar(backend.open / most)}<span>${count(backend.open)}${limit === null ? "" : html`<small> / ${count(limit)}</small>`}</span></span>`, "number tunnels")}
    ${cell("Opened/s", opened === undefined ? NOTHING : rate(opened), "number")}
    ${cell("Messages/s", carried(backend), "number")} ${cell("Requests", count(backend.inFlight), "number")}
    ${cell("Weight", String(backend.weight), "number")} ${cell("RTT", latency(backend.rtt?.p50), "number")}
    ${cell("Failures", count(backend.failures), "number")}
    <td class="actions">
      <button type="button" onClick=${() => askWeight(pool.name, backend)} aria-label=${`Weight of ${name}`}>
        Weight…
      </button>
      ${
        draining
          ? html`<button type="button" onClick=${() => askUndrain(pool.name, backend)} aria-label=${`Undrain ${name}`}>
              Undrain…
            </button>`
          : html`<button type="button" onClick=${() => askDrain(pool.name, backend)} aria-label=${`Drain ${name}`}>
              Drain…
            </button>`
      }
    </td>
  </tr>`;
}

/** Messages a second, both ways, and their bytes. */
function carried({ flow }: Backend): VNode | string {
  if (flow === null) return NOTHING;
  const both = ({ fromClient, fromBackend }: typeof flow.messages): number => fromClient + fromBackend;
  const ways = `from clients ${rate(flow.messages.fromClient)}, from the backend ${rate(flow.messages.fromBackend)}`;
  return html`<span title=${ways}>${rate(both(flow.messages))} <small>${bytes(both(flow.bytes))}</small></span>`;
}
