/** In milliseconds. */
const TICK = 20;
/** More are not made up for when the process was kept from working: they would come in one burst. */
const TICKS_MAX = 25;

/**
 * Lets everybody speak in turn, `rate` times a second each, with one timer for all.
 *
 * @param speakers asked for at each tick, since they come and go
 * @returns ends it
 */
export function takeTurns<T>(speakers: () => readonly T[], rate: number, speak: (speaker: T) => void): () => void {
  let next = 0;
  let due = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const all = speakers();
    due += (Math.min(now - last, TICK * TICKS_MAX) * rate * all.length) / 1000;
    last = now;
    for (; due >= 1 && all.length > 0; due -= 1) {
      const speaker = all[next % all.length];
      next = (next + 1) % all.length;
      if (speaker !== undefined) speak(speaker);
    }
  }, TICK);
  return () => clearInterval(timer);
}
