import { type ChildProcess, fork } from "node:child_process";
import { resolve as resolvePath } from "node:path";
import type { Answer, BackendCalls, GeneratorCalls, Question } from "../load/protocol.ts";
import type { Lab } from "./lab.ts";

/** A call may last as long as opening 9,000 tunnels of a slow proxy does, in milliseconds. */
const CALL_TIMEOUT = 120_000;

type Calls<T> = { [K in keyof T]: (args: never) => Promise<unknown> };

/** A helper process that answers calls. */
export interface Actor<T extends Calls<T>> {
  readonly pid: number;
  ask<K extends keyof T & string>(call: K, args: Parameters<T[K]>[0]): Promise<Awaited<ReturnType<T[K]>>>;
  stop(): void;
}

/** Starts the load generator. */
export const startGenerator = (lab: Lab): Actor<GeneratorCalls> => startActor<GeneratorCalls>(lab, "load/generator.ts");
/** Starts the echo backend. */
export const startBackend = (lab: Lab): Actor<BackendCalls> => startActor<BackendCalls>(lab, "load/backend.ts");

/** Starts a helper, a process of its own. `file` is below `bench/`, and answers the calls of `T`. */
export function startActor<T extends Calls<T>>(lab: Lab, file: string): Actor<T> {
  const child = fork(resolvePath(import.meta.dirname, "..", file), {
    // Options of this process, a test runner's among them, are not for it.
    execArgv: [],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  lab.adopt(child);
  if (child.pid === undefined) throw new Error(`${file} could not be started`);
  const ask = asker(child, file);
  return {
    pid: child.pid,
    // The one place where an answer gets its type: the helper's calls are declared by the same interface.
    ask: async (call, args) => (await ask(call, args)) as never,
    stop: () => void child.kill("SIGKILL"),
  };
}

function asker(child: ChildProcess, file: string): (call: string, args: unknown) => Promise<unknown> {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let calls = 0;
  child.on("message", (message) => {
    const answer = message as Answer;
    const waiter = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ("error" in answer) waiter?.reject(new Error(answer.error));
    else waiter?.resolve(answer.value);
  });
  child.on("exit", () => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} has ended`));
  });
  return async (call, args) => {
    calls += 1;
    const question: Question = { id: calls, call, args };
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    waiting.set(question.id, { resolve, reject });
    const timer = setTimeout(() => reject(new Error(`${call} took over ${CALL_TIMEOUT / 1000} s`)), CALL_TIMEOUT);
    child.send(question, (error) => error !== null && reject(error));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      waiting.delete(question.id);
    }
  };
}
