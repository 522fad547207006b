import { Agent, request as start, type ClientRequest, type IncomingMessage, type RequestOptions } from "node:http";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { lastly } from "./cleanup.ts";
import { within } from "./until.ts";

/** A plain answer, read to its end. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

/** Begins a request, on a connection of its own unless an agent is given; broken off at the end of the test. */
export const begin = (t: TestContext, url: string, options: RequestOptions = {}): ClientRequest => {
  const request = start(url, { agent: false, ...options });
  request.on("error", () => undefined);
  lastly(t, () => void request.destroy());
  return request;
};

/** The head of the answer to a request that has begun. */
export const answerTo = async (request: ClientRequest): Promise<IncomingMessage> => {
  const got = Promise.race([once(request, "response"), once(request, "close").then(() => [])]);
  const [answer] = await within<IncomingMessage[]>(got, "an answer");
  if (answer === undefined) throw new Error("closed without an answer");
  answer.on("error", () => undefined);
  return answer;
};

/** A whole exchange. */
export const ask = async (
  t: TestContext,
  url: string,
  options: RequestOptions = {},
  body?: Uint8Array | string,
): Promise<Answer> => {
  const request = begin(t, url, options);
  request.end(body);
  const answer = await answerTo(request);
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(Buffer.from(chunk));
  return {
    status: answer.statusCode ?? 0,
    headers: answer.headers,
    rawHeaders: answer.rawHeaders,
    body: Buffer.concat(chunks),
  };
};

/** A client with one connection that it keeps. */
export const keepingAgent = (t: TestContext): Agent => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  lastly(t, () => agent.destroy());
  return agent;
};
