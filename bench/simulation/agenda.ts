/** Things that are to happen, the earliest first: a binary heap. */
export class Agenda<Item extends { readonly at: number }> {
  private readonly items: Item[] = [];

  /** When the next one is; infinite when there is none. */
  get next(): number {
    return this.items[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  add(item: Item): void {
    const { items } = this;
    let place = items.length;
    items.push(item);
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = items[above];
      if (other === undefined || other.at <= item.at) break;
      items[place] = other;
      place = above;
    }
    items[place] = item;
  }

  /** Takes the next one out. */
  take(): Item | undefined {
    const { items } = this;
    const first = items[0];
    const last = items.pop();
    if (last !== undefined && last !== first) this.sink(last);
    return first;
  }

  private sink(item: Item): void {
    const { items } = this;
    let place = 0;
    for (;;) {
      const left = 2 * place + 1;
      const below = (items[left + 1]?.at ?? Number.POSITIVE_INFINITY) < (items[left]?.at ?? 0) ? left + 1 : left;
      const other = items[below];
      if (other === undefined || other.at >= item.at) break;
      items[place] = other;
      place = below;
    }
    items[place] = item;
  }
}
