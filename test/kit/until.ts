/** How long a test waits for something that must happen. Generous: a busy machine is slow, not wrong. */
export const PATIENCE = 20_000;

/** Between two looks; it grows, so that hundreds who wait do not keep the machine busy. */
const POLL_INTERVAL_MIN = 2;
const POLL_INTERVAL_MAX = 50;

/** Waits until `condition` holds, looking again every few milliseconds; fails with `what` when it never does. */
export const until = async (
  condition: () => boolean | Promise<boolean>,
  what: string,
  patience: number = PATIENCE,
): Promise<void> => {
  const deadline = performance.now() + patience;
  let interval = POLL_INTERVAL_MIN;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`it never came to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, interval));
    interval = Math.min(POLL_INTERVAL_MAX, interval * 1.5);
  }
};

/** The promise's value, or an error that says what was waited for. */
export const within = async <T>(promise: Promise<T>, what: string, patience: number = PATIENCE): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for: ${what}`)), patience);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
};
