import { Agent, type Dispatcher, request } from "undici";
import { z } from "zod";

import { errorCode, type FairleadError, type Milliseconds } from "../base/index.ts";
import { type Address, formatAddress } from "../config/index.ts";
import { AdminError, isErrorCode } from "./admin-error.ts";

const CONNECT_TIMEOUT: Milliseconds = 5_000;
/** A reload with hundreds of certificates takes its time; nothing else does. */
const ANSWER_TIMEOUT: Milliseconds = 60_000;

const API = "/api/v1/";

const problemSchema = z.object({ path: z.string(), message: z.string(), place: z.string().optional() });

const errorSchema = z.object({
  error: z.union([
    z.string().transform((message) => ({ code: "INTERNAL", message, problems: [] })),
    z.object({
      code: z.string(),
      message: z.string(),
      problems: z.array(problemSchema).prefault([]),
    }),
  ]),
});

/** What the API is asked with besides its path. */
export interface Question {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
}

/** Speaks to the admin API of a running instance; to be closed. */
export interface AdminClient {
  /** As it is called in messages. */
  readonly address: string;
  /**
   * @param path of segments, each as it is: they are encoded here
   * @returns the answer's JSON; null where it has none
   * @throws AdminError what the API has against it; ADMIN_UNREACHABLE where nothing answers, ADMIN_DENIED without a token
   */
  ask(path: readonly string[], question?: Question): Promise<unknown>;
  /** Asks, and reads the answer by a schema. @throws AdminError also when the answer has another form */
  read<Value>(schema: z.ZodType<Value>, path: readonly string[], question?: Question): Promise<Value>;
  /** What the API tells as server-sent events: the data of each, until it ends or `signal` says so. */
  listen(path: readonly string[], after: number | undefined, signal: AbortSignal): AsyncGenerator<string>;
  close(): Promise<void>;
}

interface SendOptions extends Omit<Partial<Dispatcher.RequestOptions>, "headers"> {
  readonly headers?: Readonly<Record<string, string>>;
}

/** Makes a client; nothing is connected before it is asked something. */
export function createAdminClient(address: Address, token: string | undefined): AdminClient {
  const name = formatAddress(address);
  const origin = `http://${name}`;
  const agent = new Agent({
    connect: { timeout: CONNECT_TIMEOUT },
    headersTimeout: ANSWER_TIMEOUT,
    bodyTimeout: ANSWER_TIMEOUT,
  });
  const send = async (path: readonly string[], options: SendOptions) => {
    const { headers, ...rest } = options;
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    try {
      return await request(`${origin}${API}${path.map(encodeURIComponent).join("/")}`, {
        ...rest,
        dispatcher: agent,
        headers: { accept: "application/json", ...authorization, ...headers },
      });
    } catch (error) {
      throw options.signal !== undefined && error instanceof Error && error.name === "AbortError"
        ? error
        : unreachable(name, error);
    }
  };
  const ask: AdminClient["ask"] = async (path, { method = "GET", query, body } = {}) => {
    const answer = await send(path, {
      method,
      ...(query === undefined ? {} : { query: present(query) }),
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await answer.body.text().catch((error: unknown) => {
      throw unreachable(name, error);
    });
    return answerOf(answer.statusCode, text, { name, hasToken: token !== undefined });
  };
  return {
    address: name,
    ask,
    async read(schema, path, question) {
      const value = schema.safeParse(await ask(path, question));
      if (value.success) return value.data;
      const [issue] = value.error.issues;
      const where = [...path, ...(issue?.path ?? [])].map(String).join(".");
      throw new AdminError(
        "INTERNAL",
        `${name} answers in another form than this fairlead reads (${where}); is it of another version?`,
      );
    },
    async *listen(path, after, signal) {
      const headers = {
        accept: "text/event-stream",
        ...(after === undefined ? {} : { "last-event-id": String(after) }),
      };
      const answer = await send(path, { method: "GET", headers, signal, bodyTimeout: 0 });
      if (answer.statusCode !== 200)
        answerOf(answer.statusCode, await answer.body.text(), { name, hasToken: token !== undefined });
      yield* eventData(answer.body);
    },
    close: () => agent.destroy(),
  };
}

function present(query: NonNullable<Question["query"]>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(query).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
}

interface Whom {
  readonly name: string;
  readonly hasToken: boolean;
}

function answerOf(status: number, text: string, whom: Whom): unknown {
  if (status === 401) throw denied(whom);
  const value = parseJson(text);
  if (status >= 200 && status < 300 && (value !== undefined || text.trim() === "")) return value ?? null;
  const told = errorSchema.safeParse(value);
  if (!told.success)
    throw new AdminError(
      "INTERNAL",
      `${whom.name} answered ${status}, not as an admin API of fairlead does; is it one?`,
    );
  const { code, message, problems } = told.data.error;
  throw new AdminError(isErrorCode(code) ? code : "ADMIN_DENIED", message, problems.map(problemLine));
}

/** As `fairlead check` writes mistakes: a variable or a flag says by itself which value is meant. */
function problemLine({ path, message, place }: z.output<typeof problemSchema>): string {
  const inFile = place === undefined || /:\d+:\d+$/.test(place);
  return [place, inFile ? path : "", message].filter((part) => part !== undefined && part !== "").join(": ");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function denied({ name, hasToken }: Whom): AdminError {
  const message = hasToken
    ? `${name} does not take this token; it takes the one of admin.token in its configuration`
    : `${name} wants a token; give it by FAIRLEAD_ADMIN_TOKEN or --token-file FILE`;
  return new AdminError("ADMIN_DENIED", message);
}

function unreachable(name: string, error: unknown): FairleadError {
  const code = error instanceof Error ? errorCode(error) : "";
  const why =
    code === "ECONNREFUSED"
      ? "nothing listens there"
      : code === "ENOTFOUND" || code === "EAI_AGAIN"
        ? "its name cannot be resolved"
        : code === "UND_ERR_CONNECT_TIMEOUT" || code === "UND_ERR_HEADERS_TIMEOUT" || code === "UND_ERR_BODY_TIMEOUT"
          ? "it does not answer in time"
          : error instanceof Error
            ? error.message
            : String(error);
  const advice =
    "is fairlead running? It names the address at its start (admin API listening); name it with --admin or FAIRLEAD_ADMIN";
  return new AdminError(
    "ADMIN_UNREACHABLE",
    `the admin API cannot be reached at ${name}: ${why}; ${advice}`,
    [],
    error,
  );
}

/** The data of server-sent events; comments, which keep the connection alive, are passed over. */
async function* eventData(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  let data: string[] = [];
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line.startsWith("data:")) data.push(line.slice("data:".length).trimStart());
      if (line !== "" || data.length === 0) continue;
      yield data.join("\n");
      data = [];
    }
  }
}
