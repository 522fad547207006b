/** Backends of one weight, the one with the greatest credit first. What all of them earn is counted once. */
export interface WeightClass {
  readonly weight: number;
  /** What each member has earned beyond its credit. */
  earned: number;
  /** A binary heap of indices. */
  readonly members: number[];
}

/** Whether index `a` comes before `b`: the richer, of equal ones the first. */
function isBefore(credits: Float64Array, a: number, b: number): boolean {
  const difference = (credits[a] ?? 0) - (credits[b] ?? 0);
  return difference > 0 || (difference === 0 && a < b);
}

/** Adds an index. */
export function addMember(members: number[], credits: Float64Array, index: number): void {
  let place = members.push(index) - 1;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    const above = members[parent] ?? 0;
    if (!isBefore(credits, index, above)) break;
    members[place] = above;
    place = parent;
  }
  members[place] = index;
}

/** Puts the first member where it belongs after its credit has fallen. */
export function sinkFirst(members: number[], credits: Float64Array): void {
  const index = members[0] ?? 0;
  let place = 0;
  for (let child = 1; child < members.length; child = 2 * place + 1) {
    const [left, right] = [members[child] ?? 0, members[child + 1]];
    const second = right !== undefined && isBefore(credits, right, left);
    const below = second ? right : left;
    if (isBefore(credits, index, below)) break;
    members[place] = below;
    place = second ? child + 1 : child;
  }
  members[place] = index;
}
