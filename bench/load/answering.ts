import type { Answer, Question } from "./protocol.ts";

/** Answers the parent's questions with the functions of `calls`, and ends with the parent. */
export function answerCalls(calls: object): void {
  const send = (answer: Answer): void => void process.send?.(answer);
  process.on("message", (message) => {
    // The only writer at the other end is lab/actors.ts.
    const { id, call, args } = message as Question;
    const fn: unknown = Reflect.get(calls, call);
    void (async () => {
      try {
        if (typeof fn !== "function") throw new TypeError(`no such call: ${call}`);
        const value: unknown = await Reflect.apply(fn, calls, [args]);
        send({ id, value });
      } catch (error) {
        send({ id, error: error instanceof Error ? error.message : String(error) });
      }
    })();
  });
  process.on("disconnect", () => process.exit());
  // Ctrl-C reaches the whole group; the parent ends its helpers when it has ended the proxies.
  process.on("SIGINT", () => undefined);
}
