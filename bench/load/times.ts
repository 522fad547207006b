/** When the messages of one tunnel that wait for their answer were sent, oldest first: a ring that grows. */
export interface Times {
  ring: Float64Array;
  head: number;
  count: number;
}

/** An empty one. */
export function noTimes(capacity = 1): Times {
  let size = 1;
  while (size < capacity) size *= 2;
  return { ring: new Float64Array(size), head: 0, count: 0 };
}

/** Adds the youngest. */
export function pushTime(times: Times, at: number): void {
  if (times.count === times.ring.length) grow(times);
  times.ring[(times.head + times.count) & (times.ring.length - 1)] = at;
  times.count += 1;
}

/** Takes the oldest; NaN when there is none. */
export function shiftTime(times: Times): number {
  if (times.count === 0) return Number.NaN;
  const at = times.ring[times.head] ?? Number.NaN;
  times.head = (times.head + 1) & (times.ring.length - 1);
  times.count -= 1;
  return at;
}

function grow(times: Times): void {
  const { ring, head, count } = times;
  const larger = new Float64Array(ring.length * 2);
  for (let i = 0; i < count; i += 1) larger[i] = ring[(head + i) & (ring.length - 1)] ?? 0;
  times.ring = larger;
  times.head = 0;
}
