import { effect } from "@preact/signals";
import { render, type VNode } from "preact";
import { signIn } from "./api.ts";
import { Dialog } from "./dialog.ts";
import { Events } from "./events.ts";
import { startFeed } from "./feed.ts";
import { Header } from "./header.ts";
import { Moves } from "./moves.ts";
import { Plots } from "./plots.ts";
import { Pools } from "./pools.ts";
import { SignIn } from "./sign-in.ts";
import { link, linkError, notice, status } from "./store.ts";
import { Summary } from "./summary.ts";
import { startTheme } from "./theme.ts";
import { Tunnels } from "./tunnels.ts";
import { html } from "./view.ts";

/** The whole page. */
function Page(): VNode {
  if (signIn.value !== "no") return html`<${SignIn} />`;
  return html`<div class="page">
    <${Header} />
    ${link.value === "lost" ? html`<p class="banner" role="alert">${linkError.value}${status.value === undefined ? "" : " What stands below is as it was before."}</p>` : null}
    <main>
      <${Summary} />
      <${Moves} />
      <${Pools} />
      <${Plots} />
      <div class="columns"><${Tunnels} /><${Events} /></div>
    </main>
    <p class="notice" role="status" aria-live="polite">${notice.value}</p>
    <${Dialog} />
  </div>`;
}

/** How long what was done stays told, in milliseconds. */
const NOTICE_TIME = 8_000;

const place = document.querySelector("#page");
if (place !== null) {
  startTheme();
  place.replaceChildren();
  render(html`<${Page} />`, place);
  startFeed();
  effect(() => {
    if (notice.value === "") return undefined;
    const timer = setTimeout(() => (notice.value = ""), NOTICE_TIME);
    return () => clearTimeout(timer);
  });
}
