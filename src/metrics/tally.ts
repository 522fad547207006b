/** Counts by the values of their labels, in the order in which a metric names them; plain data. */
export type Tally = readonly (readonly [labels: readonly string[], count: number])[];

/** Something by the values of labels. */
export type Labelled<Value> = readonly (readonly [labels: readonly string[], value: Value])[];

/** Makes values by labels as they are needed. Labels have to come from a bounded set: nothing is ever forgotten. */
export class ByLabels<Value> {
  private readonly entries = new Map<string, { readonly labels: readonly string[]; value: Value }>();
  private readonly make: () => Value;

  /** @param make a value to begin with */
  constructor(make: () => Value) {
    this.make = make;
  }

  of(labels: readonly string[]): Value {
    return this.entry(labels).value;
  }

  /** Puts what `next` makes of the value in its place. */
  change(labels: readonly string[], next: (value: Value) => Value): void {
    const entry = this.entry(labels);
    entry.value = next(entry.value);
  }

  /** All of them, in the order in which they came. */
  all(): Labelled<Value> {
    return [...this.entries.values()].map(({ labels, value }) => [labels, value]);
  }

  private entry(labels: readonly string[]): { readonly labels: readonly string[]; value: Value } {
    const key = JSON.stringify(labels);
    const known = this.entries.get(key);
    if (known !== undefined) return known;
    const entry = { labels: [...labels], value: this.make() };
    this.entries.set(key, entry);
    return entry;
  }
}

/** Counts that grow. */
export class Counter {
  private readonly counts = new ByLabels(() => 0);

  add(labels: readonly string[], by = 1): void {
    this.counts.change(labels, (count) => count + by);
  }

  snapshot(): Tally {
    return this.counts.all();
  }
}

/** All tallies together. */
export function sumTallies(tallies: readonly Tally[]): Tally {
  const sum = new Counter();
  for (const tally of tallies) for (const [labels, count] of tally) sum.add(labels, count);
  return sum.snapshot();
}

/** Sum of those counts whose labels fit. */
export function totalOf(tally: Tally, fits: (labels: readonly string[]) => boolean = () => true): number {
  return tally.reduce((total, [labels, count]) => (fits(labels) ? total + count : total), 0);
}
