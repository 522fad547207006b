import { signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ApiError } from "./api.ts";
import { lookAtMoves, lookAtStatus, lookAtTunnels } from "./feed.ts";
import { notice } from "./store.ts";
import { html } from "./view.ts";

/** A value that is asked for before something is done. */
export interface Field {
  readonly name: string;
  readonly label: string;
  /** What holds when it is left empty. */
  readonly hint?: string;
  readonly value?: string;
  readonly kind: "number" | "duration";
  readonly required?: boolean;
}

/** Something that is done once it is confirmed. */
export interface Question {
  readonly title: string;
  /** What will happen. */
  readonly text: string;
  readonly fields?: readonly Field[];
  /** What the button says. */
  readonly confirm: string;
  /** It takes something from clients. */
  readonly danger?: boolean;
  /** @returns what is told of it when it is done */
  act(values: Readonly<Record<string, string>>): Promise<string>;
}

const question = signal<Question | undefined>(undefined);
const problem = signal("");
const busy = signal(false);

/** The part of the page that the question came from. */
let origin: HTMLElement | null | undefined;

/** Asks; nothing is sent before it is confirmed. */
export function ask(what: Question): void {
  problem.value = "";
  busy.value = false;
  origin = document.activeElement?.closest("section");
  question.value = what;
}

async function confirm(event: SubmitEvent, { act }: Question): Promise<void> {
  event.preventDefault();
  if (busy.value || !(event.currentTarget instanceof HTMLFormElement)) return;
  const form = event.currentTarget;
  const filled = [...new FormData(form)].flatMap(([name, value]) =>
    typeof value === "string" && value !== "" ? [[name, value] as const] : [],
  );
  busy.value = true;
  problem.value = "";
  try {
    notice.value = await act(Object.fromEntries(filled));
    form.closest("dialog")?.close();
    await Promise.allSettled([lookAtStatus(), lookAtMoves(), lookAtTunnels()]);
    requestAnimationFrame(keepPlace);
  } catch (error) {
    problem.value = error instanceof ApiError ? [error.message, ...error.problems].join("\n") : String(error);
  } finally {
    busy.value = false;
  }
}

/** What was pressed may be gone with what it has done: the keyboard goes on from the part that it was in. */
function keepPlace(): void {
  if (document.activeElement !== document.body || origin?.isConnected !== true) return;
  origin.tabIndex = -1;
  origin.focus();
}

const PATTERNS = { duration: String.raw`off|\d+(\.\d+)?(ms|s|m|h|d)` } as const;

function input({ name, label, hint = "", value = "", kind, required = false }: Field): VNode {
  const rules =
    kind === "number"
      ? { type: "number", min: "0", step: "any" }
      : { type: "text", pattern: PATTERNS[kind], title: "such as 30s, 5m or off" };
  return html`<label class="field">
    <span>${label}</span>
    <input name=${name} placeholder=${hint} defaultValue=${value} required=${required} autocomplete="off" ...${rules} />
  </label>`;
}

/** The question that is open, if one is. */
export function Dialog(): VNode | null {
  const ref = useRef<HTMLDialogElement>(null);
  const open = question.value;
  useEffect(() => {
    if (open !== undefined && ref.current?.open === false) ref.current.showModal();
  }, [open]);
  if (open === undefined) return null;
  const close = (): void => ref.current?.close();
  return html`<dialog
    ref=${ref}
    aria-labelledby="question"
    aria-describedby="consequence"
    onClose=${() => (question.value = undefined)}
  >
    <form onSubmit=${(event: SubmitEvent) => void confirm(event, open)}>
      <h2 id="question">${open.title}</h2>
      <p id="consequence">${open.text}</p>
      <div class="fields">${(open.fields ?? []).map(input)}</div>
      ${problem.value === "" ? null : html`<p class="problem" role="alert">${problem.value}</p>`}
      <div class="buttons">
        <button type="button" onClick=${close}>Keep as it is</button>
        <button type="submit" class=${open.danger === true ? "danger" : "primary"} disabled=${busy.value}>
          ${open.confirm}
        </button>
      </div>
    </form>
  </dialog>`;
}
