import { type Action, BACKEND_ORDERS, bounded, type Model, selectedBackend, TUNNEL_ORDERS } from "./model.ts";

/** What a key leads to. */
export interface Outcome {
  readonly model: Model;
  /** To be done at the instance. */
  readonly action?: Action;
  /** Whether another order, view or side of it needs another look. */
  readonly look?: boolean;
  readonly quit?: boolean;
}

const ESCAPE = "\u001b";
/** Keys that terminals send as more than one character, by the names used here. */
const SEQUENCES: Readonly<Record<string, string>> = {
  "[A": "up",
  "[B": "down",
  "[C": "right",
  "[D": "left",
  "[H": "home",
  "[F": "end",
  "[5~": "pageup",
  "[6~": "pagedown",
  OA: "up",
  OB: "down",
};
const CONTROLS: Readonly<Record<string, string>> = {
  "\u0003": "ctrl-c",
  "\r": "enter",
  "\n": "enter",
  "\u007f": "backspace",
  "\b": "backspace",
  [ESCAPE]: "escape",
};

const PAGE_ROWS = 10;
/** A weight is changed by a tenth below this, and by this above. */
const WEIGHT_STEP = 1;

/** Splits what a terminal sends into keys: names of its own for those that are no letter. */
export function readKeys(bytes: string): string[] {
  // eslint-disable-next-line no-control-regex -- escape is what such keys begin with
  const parts = bytes.match(/\u001b(?:\[[\d;]*[A-Za-z~]|O[A-Z])|[^]/gu) ?? [];
  return parts.map((part) => CONTROLS[part] ?? (part.startsWith(ESCAPE) ? (SEQUENCES[part.slice(1)] ?? "") : part));
}

/** What a key does to what is shown, and what it asks for. */
export function pressKey(model: Model, key: string): Outcome {
  if (key === "ctrl-c") return { model, quit: true };
  if (model.confirmation !== undefined) return answer(model, key);
  if (model.typing) return { model: bounded(type(model, key)) };
  if (model.help) return { model: { ...model, help: false } };
  const outcome = COMMANDS[key]?.({ ...model, message: "" });
  return outcome === undefined ? { model } : { ...outcome, model: bounded(outcome.model) };
}

const COMMANDS: Readonly<Record<string, (model: Model) => Outcome>> = {
  q: (model) => ({ model, quit: true }),
  up: (model) => move(model, -1),
  k: (model) => move(model, -1),
  down: (model) => move(model, 1),
  j: (model) => move(model, 1),
  pageup: (model) => move(model, -PAGE_ROWS),
  pagedown: (model) => move(model, PAGE_ROWS),
  home: (model) => move(model, -Infinity),
  end: (model) => move(model, Infinity),
  s: (model) => sort(model, 1),
  ">": (model) => sort(model, 1),
  right: (model) => sort(model, 1),
  "<": (model) => sort(model, -1),
  left: (model) => sort(model, -1),
  r: (model) => ({ model: { ...model, reversed: !model.reversed }, look: model.view === "tunnels" }),
  "/": (model) => ({ model: { ...model, typing: true } }),
  escape: (model) => ({ model: { ...model, filter: "" } }),
  t: (model) => ({
    model: { ...model, view: model.view === "tunnels" ? "backends" : "tunnels", selected: 0, reversed: false },
    look: true,
  }),
  p: (model) => ({ model: { ...model, paused: !model.paused }, look: model.paused }),
  "?": (model) => ({ model: { ...model, help: true } }),
  d: (model) =>
    onBackend(model, (pool, backend) => ({
      model: {
        ...model,
        confirmation: { question: `Drain ${backend} of pool ${pool}?`, action: { type: "drain", pool, backend } },
      },
    })),
  u: (model) => onBackend(model, (pool, backend) => ({ model, action: { type: "undrain", pool, backend } })),
  "+": (model) => weigh(model, 1),
  "=": (model) => weigh(model, 1),
  "-": (model) => weigh(model, -1),
};

function answer(model: Model, key: string): Outcome {
  const without = { ...model, confirmation: undefined };
  if (key.toLowerCase() !== "y" || model.confirmation === undefined)
    return { model: { ...without, message: "left as it is" } };
  return { model: without, action: model.confirmation.action };
}

function type(model: Model, key: string): Model {
  if (key === "enter") return { ...model, typing: false };
  if (key === "escape") return { ...model, typing: false, filter: "" };
  if (key === "backspace") return { ...model, filter: model.filter.slice(0, -1) };
  return /^\P{Cc}$/u.test(key) ? { ...model, filter: model.filter + key } : model;
}

function move(model: Model, by: number): Outcome {
  return { model: { ...model, selected: model.selected + by } };
}

function sort(model: Model, by: number): Outcome {
  if (model.view === "backends")
    return { model: { ...model, backendOrder: next(BACKEND_ORDERS, model.backendOrder, by), reversed: false } };
  return { model: { ...model, tunnelOrder: next(TUNNEL_ORDERS, model.tunnelOrder, by), reversed: false }, look: true };
}

function next<Word>(words: readonly Word[], word: Word, by: number): Word {
  return words[(words.indexOf(word) + by + words.length) % words.length] ?? word;
}

function weigh(model: Model, direction: 1 | -1): Outcome {
  const weight = selectedBackend(model)?.backend.weight ?? 0;
  const fine = direction > 0 ? weight < WEIGHT_STEP : weight <= WEIGHT_STEP;
  const step = fine ? WEIGHT_STEP / 10 : WEIGHT_STEP;
  // A tenth is not exact in binary; one digit behind the point is what people read.
  const changed = Math.round(Math.max(WEIGHT_STEP / 10, weight + direction * step) * 10) / 10;
  if (changed === weight) return { model };
  return onBackend(model, (pool, backend) => ({ model, action: { type: "weight", pool, backend, weight: changed } }));
}

function onBackend(model: Model, act: (pool: string, backend: string) => Outcome): Outcome {
  const row = selectedBackend(model);
  if (row !== undefined) return act(row.pool, row.backend.name);
  return { model: { ...model, message: "no backend is selected; t shows them" } };
}
