import type { PoolView, Random } from "../base/index.ts";

/** A place in the circle of backends from which a search starts. */
export interface Cursor {
  /** Index to look at first. */
  start(view: PoolView): number;
  /** Lets the next search start behind `index`. */
  moveBehind(index: number): void;
}

/** A cursor that starts anywhere, so that the workers of an instance do not all begin with the same backend. */
export function createCursor(random: Random): Cursor {
  let next = -1;
  let names: readonly string[] = [];
  /** Whose turn it is has its turn, wherever it stands in another membership. */
  const adopt = (view: PoolView): void => {
    const name = names[next === names.length ? 0 : next];
    const moved = name === undefined ? -1 : view.names.indexOf(name);
    if (moved >= 0) next = moved;
    names = view.names;
  };
  return {
    start(view) {
      if (names !== view.names) adopt(view);
      if (next === -1) next = Math.floor(random() * view.size);
      if (next >= view.size) next = 0;
      return next;
    },
    moveBehind(index) {
      next = index + 1;
    },
  };
}
