import { createHash } from "node:crypto";
import { Agent, request, type IncomingMessage } from "node:http";
import { makeMessage } from "./messages.ts";
import { pause, type World } from "./world.ts";

/** In milliseconds. */
const THINK_MAX = 80;
const TIMEOUT = 30_000;
/** Shares of requests that bring a body, and that are broken off. */
const POST_SHARE = 0.3;
const ABORT_SHARE = 0.03;
const OK = 200;

interface Ask {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body: Buffer;
}

/** Plain requests on a connection that is kept alive, one after the other, until all is calm. */
export async function askOn(world: World): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  while (!world.calm.aborted) {
    await askOnce(world, agent);
    await pause(world.random() * THINK_MAX, world.calm);
  }
  agent.destroy();
}

async function askOnce(world: World, agent: Agent): Promise<void> {
  const { tally, random } = world;
  const sender = world.nextSender();
  const post = random() < POST_SHARE;
  const ask: Ask = {
    method: post ? "POST" : "GET",
    path: `/page/${sender}`,
    body: post ? makeMessage(sender, 0) : Buffer.alloc(0),
  };
  const abort = random() < ABORT_SHARE ? AbortSignal.timeout(Math.ceil(random() * 5)) : undefined;
  const from = Date.now();
  tally.count(abort === undefined ? "requests" : "requests that may be broken off");
  try {
    const { status, text } = await send(world, agent, ask, abort);
    if (status !== OK) tally.failed({ from, at: Date.now(), how: `${ask.method} ${ask.path} got ${status}` });
    else if (text !== digestOf(ask)) tally.complain(`${ask.method} ${ask.path} got another answer than its own`);
    else tally.count("answers");
  } catch (error) {
    if (abort?.aborted === true) tally.count("broken off");
    else tally.failed({ from, at: Date.now(), how: `${ask.method} ${ask.path}: ${String(error)}` });
  }
}

function digestOf({ method, path, body }: Ask): string {
  return createHash("sha1").update(`${method} ${path}\n`).update(body).digest("hex");
}

async function send(
  { doors }: World,
  agent: Agent,
  { method, path, body }: Ask,
  signal: AbortSignal | undefined,
): Promise<{ readonly status: number; readonly text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const headers = method === "POST" ? { "Content-Length": body.length } : {};
  const out = request({ host: "127.0.0.1", port: doors.plain, agent, method, path, headers, timeout: TIMEOUT });
  const onAbort = (): void => void out.destroy(new Error("broken off"));
  signal?.addEventListener("abort", onAbort);
  out.on("response", resolve);
  out.on("error", reject);
  out.on("timeout", () => out.destroy(new Error(`no answer within ${TIMEOUT / 1000} s`)));
  out.end(body);
  try {
    const response = await promise;
    let text = "";
    for await (const bytes of response) text += String(bytes);
    return { status: response.statusCode ?? 0, text };
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}
