import type { VNode } from "preact";
import { duration } from "./format.ts";
import { mark, type Tone } from "./parts.ts";
import { link, linkError, status } from "./store.ts";
import { theme, THEMES } from "./theme.ts";
import { html } from "./view.ts";

const LINKS: Readonly<Record<typeof link.value, readonly [Tone, string]>> = {
  waiting: ["plain", "connecting"],
  live: ["good", "live"],
  paused: ["plain", "paused"],
  lost: ["bad", "no answer"],
};

const STATES: Readonly<Record<string, Tone>> = { running: "good", starting: "busy", draining: "warn", stopped: "bad" };

/** What instance this is, whether what stands below is of now, and how it looks. */
export function Header(): VNode {
  const now = status.value;
  const [tone, word] = LINKS[link.value];
  return html`<header>
    <a class="skip" href="#pools">To the pools</a>
    <h1><img src="dashboard/icon.svg" alt="" width="22" height="22" />fairlead</h1>
    ${
      now === undefined
        ? null
        : html`<p class="instance">
            <span>${mark(STATES[now.state] ?? "plain", now.state)}</span>
            <span>${now.version}</span>
            <span>up ${duration(Date.now() - Date.parse(now.started))}</span>
            <span class="listeners">${now.listeners.map(({ url }) => url).join(" · ")}</span>
          </p>`
    }
    <p class="link" role="status" aria-live="polite">${mark(tone, word, linkError.value)}</p>
    <label class="theme">
      <span class="hidden">Colours</span>
      <select value=${theme.value} onChange=${choose}>
        ${THEMES.map((one) => html`<option value=${one} selected=${one === theme.value}>${one}</option>`)}
      </select>
    </label>
  </header>`;
}

function choose({ currentTarget }: { readonly currentTarget: HTMLSelectElement }): void {
  theme.value = THEMES.find((one) => one === currentTarget.value) ?? "auto";
}
