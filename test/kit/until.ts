/** How long a test waits for something that must happen. Generous: a busy machine is slow, not wrong. */
export const PATIENCE = 20_000;

const POLL_INTERVAL = 5;

/** Waits until `condition` holds, looking again every few milliseconds; fails with `what` when it never does. */
export const until = async (
  condition: () => boolean | Promise<boolean>,
  what: string,
  patience: number = PATIENCE,
): Promise<void> => {
  const deadline = performance.now() + patience;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`it never came to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL));
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
