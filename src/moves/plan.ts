/** One backend of a pool, as a rebalance sees it. */
export interface BackendLoad {
  /** Tunnels that it has; or what they carry, where 1 is what a tunnel of the pool carries in the mean. */
  readonly load: number;
  /** Above 0; 1 is normal. */
  readonly weight: number;
  /** Whether it takes new work. One that does not neither gives nor takes, and what it has is nobody's share. */
  readonly eligible: boolean;
  /** Places that it has left; without a limit undefined. */
  readonly room?: number | undefined;
}

/** What one backend has too much. */
export interface Surplus {
  /** Which of the backends that were given. */
  readonly index: number;
  /** In whole tunnels, unless it was to be exact; above 0. */
  readonly surplus: number;
}

/** A surplus below so many tunnels is no reason to begin: one of them would only go around. */
const LEAST_TO_BEGIN = 2;
/** Nor is one up to so many a reason to go on. */
const GOOD_ENOUGH = 1;

/** How a plan is made. */
export interface PlanTerms {
  /** Share (0 to 1) above the fair share that is left alone. */
  readonly tolerance: number;
  /** Whether parts of a tunnel are of use: where loads are what tunnels carry. */
  readonly exact?: boolean;
}

/**
 * What would have to move for every backend to have its fair share: its part, by weight, of what all eligible ones have.
 *
 * It takes a backend that is above its share by more than the tolerance, and by 2 tunnels, to begin; from then on all
 * give that are above by more than half of the tolerance and by more than 1 tunnel. So what has come to rest does not
 * begin again at the next client. The sum is never more than what the others lack of their shares and have room for.
 *
 * @param running whether a rebalance of these backends is under way
 * @returns the greatest surplus first; empty when there is nothing to do
 */
export function planRebalance(
  backends: readonly BackendLoad[],
  { tolerance, exact = false }: PlanTerms,
  running: boolean,
): Surplus[] {
  const known = backends.flatMap(({ eligible, load, weight, room }, index) =>
    eligible ? [{ index, load, weight, room: room ?? Number.POSITIVE_INFINITY }] : [],
  );
  const total = known.reduce((sum, { load }) => sum + load, 0);
  const weights = known.reduce((sum, { weight }) => sum + weight, 0);
  const shares = known.map((backend) => ({ ...backend, share: (total * backend.weight) / weights }));
  const begins = shares.some(({ load, share }) => load > (1 + tolerance) * share && load - share >= LEAST_TO_BEGIN);
  if (!running && !begins) return [];
  const wanted = shares
    .filter(({ load, share }) => load > (1 + tolerance / 2) * share && load - share > GOOD_ENOUGH)
    .map(({ index, load, share }) => ({ index, surplus: exact ? load - share : Math.floor(load - share) }));
  const lacking = shares.reduce((sum, { load, share, room }) => sum + Math.min(room, Math.max(0, share - load)), 0);
  return exact ? scale(wanted, lacking) : shareOut(wanted, lacking);
}

/** Cuts all in proportion, when there is not room for all. */
function scale(wanted: readonly Surplus[], lacking: number): Surplus[] {
  const sum = wanted.reduce((total, { surplus }) => total + surplus, 0);
  const part = Math.min(1, lacking / sum);
  const order = wanted.toSorted((a, b) => b.surplus - a.surplus);
  return order.map(({ index, surplus }) => ({ index, surplus: surplus * part })).filter(({ surplus }) => surplus > 0);
}

/** Cuts all in proportion, in whole tunnels, when there is not room for all. */
function shareOut(wanted: readonly Surplus[], lacking: number): Surplus[] {
  const sum = wanted.reduce((total, { surplus }) => total + surplus, 0);
  const part = sum <= lacking ? 1 : lacking / sum;
  const given = wanted.map(({ index, surplus }) => ({ index, surplus: Math.floor(surplus * part) }));
  // What rounding left over goes to whoever has most, or one place for many would never be used.
  const rest = Math.min(sum, Math.floor(lacking)) - given.reduce((total, { surplus }) => total + surplus, 0);
  const order = given.toSorted((a, b) => b.surplus - a.surplus);
  return order
    .map(({ index, surplus }, rank) => ({ index, surplus: surplus + (rank < rest ? 1 : 0) }))
    .filter(({ surplus }) => surplus > 0);
}

/**
 * How much a backend may give to the one that has least for its weight, and that takes more, so that this one does not get to
 * have more than it: half of what lies between them, where both weigh the same.
 */
export function gapBelow(giver: BackendLoad, backends: readonly BackendLoad[]): number {
  const takers = backends.filter(({ eligible, room = 1 }) => eligible && room >= 1);
  const least = takers.toSorted((a, b) => a.load / a.weight - b.load / b.weight)[0];
  if (least === undefined) return 0;
  return Math.max(0, (giver.load * least.weight - least.load * giver.weight) / (giver.weight + least.weight));
}
