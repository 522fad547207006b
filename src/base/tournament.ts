/**
 * Numbers of which the least is always known: of each two the lesser goes on to the next round, up to the winner. A
 * change, and finding the winner's place, cost as many steps as there are rounds: ten for 1,000 numbers. Hot; allocates
 * nothing after it was made.
 */
export class Tournament {
  /** Places of the first round, a power of two. */
  private readonly places: number;
  /** The winner at 1, the two that it was chosen from at 2 and 3, and so on; the first round from `places` on. */
  private readonly rounds: Float64Array;

  /** @param size how many numbers; all are infinite at first */
  constructor(size: number) {
    let places = 1;
    while (places < size) places *= 2;
    this.places = places;
    this.rounds = new Float64Array(2 * places).fill(Number.POSITIVE_INFINITY);
  }

  set(index: number, value: number): void {
    const { rounds } = this;
    let place = this.places + index;
    rounds[place] = value;
    for (place >>= 1; place > 0; place >>= 1) {
      const lesser = Math.min(rounds[2 * place] ?? 0, rounds[2 * place + 1] ?? 0);
      if (rounds[place] === lesser) return;
      rounds[place] = lesser;
    }
  }

  /**
   * Where the least number is. Of equal ones the first from index `from` on, behind the last the first again.
   *
   * @returns an index, or -1 when all numbers are infinite
   */
  winner(from: number): number {
    if (this.rounds[1] === Number.POSITIVE_INFINITY) return -1;
    const found = this.search(from);
    return found === -1 ? this.search(0) : found;
  }

  /** The first index from `from` on that has the least number; -1 when there is none. */
  private search(from: number): number {
    const { places, rounds } = this;
    const least = rounds[1] ?? 0;
    let place = places + from;
    while ((rounds[place] ?? 0) > least) {
      // On to the right: up as long as this is the right one of two, and over.
      while ((place & 1) === 1) place >>= 1;
      if (place === 0) return -1;
      place += 1;
    }
    while (place < places) {
      place *= 2;
      if ((rounds[place] ?? 0) > least) place += 1;
    }
    return place - places;
  }
}
