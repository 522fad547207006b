import type { VNode } from "preact";
import type { AdminEvent } from "../admin/index.ts";
import { timeOfDay } from "./format.ts";
import { mark, type Tone } from "./parts.ts";
import { events } from "./store.ts";
import { html } from "./view.ts";

/** What an event's type says of how it is. */
function toneOf(type: string): Tone {
  if (/(?:unhealthy|ejected|panics|failed|worker-ended)$/.test(type)) return "bad";
  if (/(?:healthy|calm|ready|done|started)$/.test(type)) return "good";
  return /(?:removed|stopping|tunnels-ended)$/.test(type) ? "warn" : "plain";
}

/** What has happened, latest first. */
export function Events(): VNode {
  return html`<section class="card events" aria-label="Events">
    <div class="title"><h2>Events</h2></div>
    ${
      events.value.length === 0
        ? html`<p class="empty">Nothing has happened yet.</p>`
        : html`<ol tabindex="0" aria-label="Events, latest first">
            ${events.value.map(row)}
          </ol>`
    }
  </section>`;
}

const row = (event: AdminEvent): VNode => html`
  <li key=${`${event.time} ${event.id}`}>
    <time datetime=${event.time}>${timeOfDay(event.time)}</time>
    ${mark(toneOf(event.type), event.type)}
    <p>${event.message}</p>
  </li>
`;
