import type { VNode } from "preact";
import type { Move } from "../admin/index.ts";
import { askCancel } from "./actions.ts";
import { count, duration, rate, timeOfDay } from "./format.ts";
import { mark, type Tone } from "./parts.ts";
import { shortName } from "./series.ts";
import { moves } from "./store.ts";
import { html } from "./view.ts";

/** Moves that have ended and are still shown. */
const MAX_ENDED = 5;

const TONES: Readonly<Record<Move["state"], Tone>> = {
  running: "busy",
  done: "good",
  cancelled: "plain",
  deadline: "warn",
};

/** Drains and rebalances: those that run, and the latest that have ended. */
export function Moves(): VNode | null {
  const running = moves.value.filter(({ state }) => state === "running");
  const ended = moves.value.filter(({ state }) => state !== "running").slice(0, MAX_ENDED);
  if (running.length + ended.length === 0) return null;
  return html`<section class="card moves" aria-label="Moves">
    <div class="title">
      <h2>Moves</h2>
      <p>${running.length === 0 ? "none is under way" : `${running.length} under way`}</p>
    </div>
    <ul>
      ${[...running, ...ended].map(row)}
    </ul>
  </section>`;
}

function row(move: Move): VNode {
  const name = shortName(move.backend ?? move.pool);
  const running = move.state === "running";
  return html`<li key=${move.id} class=${running ? "running" : "ended"}>
    <span class="what"><b>${move.kind === "drain" ? "Drain" : "Rebalance"}</b> ${name}</span>
    ${mark(TONES[move.state], move.state === "deadline" ? "ended at its deadline" : move.state)}
    <progress
      max=${Math.max(1, move.total)}
      value=${move.total === 0 ? 1 : move.moved}
      aria-label=${`${move.kind} of ${name}`}
    />
    <span class="more"
      ><b>${`${count(move.moved)} of ${count(move.total)} moved`}</b
      >${" · "}${running ? pace(move) : `${timeOfDay(move.ended ?? move.started)} · by ${move.by}`}</span
    >
    ${running ? html`<button type="button" onClick=${() => askCancel(move)} aria-label=${`Cancel the ${move.kind} of ${name}`}>Cancel…</button>` : html`<span />`}
  </li>`;
}

function pace({ left, rate: asked, currentRate, slowedBy, waitIdleMs, deadline }: Move): string {
  return [
    `${count(left)} left`,
    `${rate(currentRate)} of ${rate(asked)} per second`,
    ...(slowedBy === null ? [] : [`slowed: ${slowedBy}`]),
    ...(waitIdleMs === null ? [] : [`idle for ${duration(waitIdleMs)}`]),
    ...(deadline === null ? [] : [`deadline ${timeOfDay(deadline)}`]),
  ].join(" · ");
}
