import type { VNode } from "preact";
import type { Backend } from "./store.ts";
import { html } from "./view.ts";

/** What a mark says: each has a shape of its own, so that nobody needs the colour. */
export type Tone = "good" | "bad" | "warn" | "busy" | "plain";

const SHAPES: Readonly<Record<Tone, string>> = {
  good: "M6 1a5 5 0 1 0 0 10A5 5 0 1 0 6 1z",
  bad: "M6 .8 11.6 11H.4z",
  warn: "M6 .4 11.6 6 6 11.6.4 6z",
  busy: "M6 1a5 5 0 0 0 0 10zM6 1a5 5 0 0 1 0 10V9.6a3.6 3.6 0 0 0 0-7.2z",
  plain: "M6 1a5 5 0 1 0 0 10A5 5 0 1 0 6 1zm0 1.6a3.4 3.4 0 1 1 0 6.8 3.4 3.4 0 1 1 0-6.8z",
};

/** A shape and a word. */
export const mark = (tone: Tone, word: string, title = ""): VNode => html`
  <span class="mark ${tone}" title=${title}>
    <svg viewBox="0 0 12 12" width="10" height="10" aria-hidden="true"><path d=${SHAPES[tone]} /></svg>
    ${word}
  </span>
`;

/** Penalty from which on it is worth telling that a backend flaps: it has fallen twice lately. */
const FLAPPING = 1.5;

/** Whether it is worth telling that a backend flaps. */
export const isFlapping = ({ penalty }: Backend): boolean => penalty >= FLAPPING;

/** How a backend is: whether it is well, and whether it is being emptied. */
export function backendMarks(backend: Backend): VNode {
  const tones = { healthy: "good", unhealthy: "bad", probing: "busy", ejected: "bad" } as const;
  return html`<span class="marks">
    ${mark(tones[backend.health], backend.health, backend.reason)}
    ${isFlapping(backend) ? mark("warn", "flaps", `fell ${backend.flaps} times`) : null}
    ${backend.spared === null ? null : mark("warn", "stands out", backend.spared.reason)}
    ${backend.warming === null ? null : mark("busy", "warms up", "less than its weight for now")}
    ${backend.state === "draining" ? mark("warn", "draining", "no new tunnels or requests") : null}
  </span>`;
}

/** A share from 0 to 1 as a bar; the number stands beside it. */
export const bar = (share: number): VNode => html`
  <svg class="bar" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
    <rect class="rail" width="100" height="6" />
    <rect class="fill" width=${Math.min(100, Math.max(0, share * 100))} height="6" />
  </svg>
`;

/** A cell of a table that, where the page is narrow, stands below its heading. */
export const cell = (label: string, content: unknown, kind = ""): VNode => html`
  <td class=${kind} data-label=${label}>${content}</td>
`;
