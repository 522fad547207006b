import type { EndCause } from "./truth.ts";

/** Why a tunnel leaves a backend that is well. */
export type MoveReason = "drain" | "rebalance";

/** What a tunnel survives: the loss of its backend. */
export type LossCause = "backend-vanished" | "backend-silent" | "backend-stalled" | "backend-protocol-error";

/** Why a tunnel looks for another backend; `hand-over`: its own has said a Close that is agreed to mean that. */
export type RehomeReason = MoveReason | LossCause | "hand-over";

/** A tunnel's search for another backend. */
export interface Search {
  readonly reason: RehomeReason;
  /** Which re-homing of the tunnel it is, from 1 on. */
  readonly count: number;
  /** Messages of the client of which it is known that the loss of the old backend may have taken them. */
  readonly lost: number;
}

/** Who finds backends. Every search ends with `join` or `strand` of the tunnel's home, or with `searchOver`. */
export interface HomeFinder {
  /** The tunnel has left its backend and needs another one. */
  search(search: Search): void;
  /** The tunnel needs none any more: it ends. */
  searchOver(): void;
  /** The tunnel was to leave its backend and could not: it ends without having looked for another one. */
  stuck(reason: RehomeReason): void;
  /** Messages of the client have waited in vain: no backend gets them. */
  dropped(messages: number): void;
}

const LOSSES: ReadonlySet<EndCause> = new Set<LossCause>([
  "backend-vanished",
  "backend-silent",
  "backend-stalled",
  "backend-protocol-error",
]);

export function isLoss(cause: EndCause): cause is LossCause {
  return LOSSES.has(cause);
}
