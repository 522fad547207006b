import type { VNode } from "preact";
import type { TunnelInfo, TunnelOrder } from "../admin/index.ts";
import { askEnd, askEndAll } from "./actions.ts";
import { bytes, count, duration, latency } from "./format.ts";
import { cell, mark } from "./parts.ts";
import { shortName } from "./series.ts";
import {
  NO_SEARCH,
  PAGE_SIZE,
  searchQuery,
  status,
  tunnelError,
  tunnelOffset,
  tunnelPage,
  tunnelSearch,
  tunnelSort,
} from "./store.ts";
import type { TunnelSearch } from "./store.ts";
import { html } from "./view.ts";

/** How long typing rests before it is asked for, in milliseconds. */
const TYPING_PAUSE = 250;

/** The open tunnels, a page at a time. */
export function Tunnels(): VNode {
  const page = tunnelPage.value;
  return html`<section class="card tunnels" aria-label="Tunnels">
    <div class="title">
      <h2>Tunnels</h2>
      <p>${page === undefined ? "" : `${count(page.total)} ${searchQuery.value === "" ? "open" : "fit"}`}</p>
      <button type="button" disabled=${searchQuery.value === "" || (page?.total ?? 0) === 0} onClick=${askEndAll}>
        End all that fit…
      </button>
    </div>
    ${filters()} ${tunnelError.value === "" ? null : html`<p class="problem" role="alert">${tunnelError.value}</p>`}
    ${page === undefined || page.tunnels.length === 0 ? html`<p class="empty">${page === undefined ? "Waiting for the first answer." : "No tunnel fits."}</p>` : table(page.tunnels)}
    ${pager()}
  </section>`;
}

let pause: number | undefined;

function search(name: keyof TunnelSearch, value: string): void {
  const { pool } = tunnelSearch.value;
  // A backend belongs to one pool: another pool, any backend.
  const other = name === "pool" && value !== pool ? { backend: "" } : {};
  tunnelSearch.value = { ...tunnelSearch.value, ...other, [name]: value };
  tunnelOffset.value = 0;
}

function filters(): VNode {
  const pools = status.value?.pools ?? [];
  const { pool } = tunnelSearch.value;
  const backends = pools
    .filter(({ name }) => pool === "" || name === pool)
    .flatMap((one) => one.backends.map(({ name }) => name));
  return html`<form
    class="filters"
    role="search"
    aria-label="Filter tunnels"
    onSubmit=${(event: SubmitEvent) => event.preventDefault()}
  >
    ${select(
      "pool",
      "Pool",
      pools.map(({ name }) => name),
    )}
    ${select("backend", "Backend", [...new Set(backends)])} ${box("client", "Client", "any")}
    ${box("route", "Route", "any")} ${box("host", "Host", "any")} ${box("minAge", "Older than", "5m")}
    ${box("minIdle", "Idle for", "30s")}
    <button type="button" class="quiet" disabled=${searchQuery.value === ""} onClick=${clear}>Clear</button>
  </form>`;
}

function clear(): void {
  clearTimeout(pause);
  tunnelSearch.value = NO_SEARCH;
  tunnelOffset.value = 0;
}

function select(name: keyof TunnelSearch, label: string, choices: readonly string[]): VNode {
  const change = ({ currentTarget }: { readonly currentTarget: HTMLSelectElement }): void =>
    search(name, currentTarget.value);
  const chosen = tunnelSearch.value[name];
  return html`<label class="field"
    ><span>${label}</span>
    <select name=${name} value=${chosen} onChange=${change}>
      <option value="">any</option>
      ${choices.map((one) => html`<option key=${one} value=${one} selected=${one === chosen}>${shortName(one)}</option>`)}
    </select>
  </label>`;
}

function box(name: keyof TunnelSearch, label: string, hint: string): VNode {
  const change = ({ currentTarget }: { readonly currentTarget: HTMLInputElement }): void => {
    clearTimeout(pause);
    const value = currentTarget.value.trim();
    pause = window.setTimeout(() => search(name, value), TYPING_PAUSE);
  };
  return html`<label class="field"
    ><span>${label}</span>
    <input
      name=${name}
      value=${tunnelSearch.value[name]}
      placeholder=${hint}
      autocomplete="off"
      spellcheck=${false}
      onInput=${change}
    />
  </label>`;
}

const COLUMNS: readonly (readonly [name: string, by?: TunnelOrder])[] = [
  ["Client"],
  ["Backend"],
  ["Path"],
  ["Age", "age"],
  ["Idle", "idle"],
  ["Messages", "messages"],
  ["Bytes", "bytes"],
  ["RTT client, backend", "rtt"],
];

function table(tunnels: readonly TunnelInfo[]): VNode {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          ${COLUMNS.map(([name, by]) => (by === undefined ? html`<th scope="col">${name}</th>` : sortable(name, by)))}
          <th scope="col"><span class="hidden">Actions</span></th>
        </tr>
      </thead>
      <tbody>
        ${tunnels.map(row)}
      </tbody>
    </table>
  </div>`;
}

function sortable(name: string, by: TunnelOrder): VNode {
  const sort = tunnelSort.value;
  const sorted = sort.by === by;
  const direction = sort.descending ? "descending" : "ascending";
  const change = (): void => {
    tunnelSort.value = { by, descending: sorted ? !sort.descending : true };
    tunnelOffset.value = 0;
  };
  return html`<th scope="col" class="number" aria-sort=${sorted ? direction : "none"}>
    <button type="button" class="sort" onClick=${change}>
      ${name}<span aria-hidden="true">${sorted ? (sort.descending ? " ↓" : " ↑") : ""}</span>
    </button>
  </th>`;
}

function row(tunnel: TunnelInfo): VNode {
  const { fromClient, fromBackend } = tunnel;
  const title = `${tunnel.id} · worker ${tunnel.worker} · ${tunnel.listener} · route ${tunnel.route} · since ${tunnel.started}`;
  return html`<tr key=${tunnel.id} data-tunnel=${tunnel.id}>
    <th scope="row" title=${title}>
      ${tunnel.client}
      ${tunnel.state === "open" ? null : mark("warn", tunnel.state === "ending" ? "ending" : "re-homing")}${tunnel.pinned ? mark("plain", "pinned", "is not rebalanced") : null}${tunnel.rehomed > 0 ? mark("plain", `re-homed ${tunnel.rehomed}`, "has got another backend") : null}
    </th>
    ${cell("Backend", html`${shortName(tunnel.backend)}<small>${tunnel.pool}</small>`, "pair")}
    ${cell("Path", html`${tunnel.path}<small>${tunnel.host ?? ""}</small>`, "pair path")}
    ${cell("Age", duration(tunnel.ageMs), "number")} ${cell("Idle", duration(tunnel.idleMs), "number")}
    ${cell("Messages", count(fromClient.messages + fromBackend.messages), "number")}
    ${cell("Bytes", bytes(fromClient.bytes + fromBackend.bytes), "number")}
    ${cell("RTT", html`<span title="client, then backend">${latency(tunnel.clientRttMs)} <small>${latency(tunnel.backendRttMs)}</small></span>`, "number")}
    <td class="actions">
      <button type="button" onClick=${() => askEnd(tunnel)} aria-label=${`End the tunnel of ${tunnel.client}`}>
        End…
      </button>
    </td>
  </tr>`;
}

function pager(): VNode | null {
  const page = tunnelPage.value;
  if (page === undefined || page.total <= PAGE_SIZE) return null;
  const step = (by: number) => (): void => {
    tunnelOffset.value = Math.max(0, tunnelOffset.value + by);
  };
  const last = Math.min(page.offset + page.tunnels.length, page.total);
  return html`<nav class="pager" aria-label="Pages of tunnels">
    <button type="button" disabled=${page.offset === 0} onClick=${step(-PAGE_SIZE)}>Previous</button>
    <span>${count(page.offset + 1)} to ${count(last)} of ${count(page.total)}</span>
    <button type="button" disabled=${last >= page.total} onClick=${step(PAGE_SIZE)}>Next</button>
  </nav>`;
}
