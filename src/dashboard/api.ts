import { signal } from "@preact/signals";

/** What the API has refused, or why it was not reached. */
export class ApiError extends Error {
  /** The status of the answer; 0 when there was none. */
  readonly status: number;
  /** What is wrong with single values, one line each. */
  readonly problems: readonly string[];

  constructor(status: number, message: string, problems: readonly string[] = []) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.problems = problems;
  }
}

const TOKEN_KEY = "fairlead-token";

/** Whether the API has asked for a token, and what it said of the one that it was shown. */
export const signIn = signal<"no" | "asked" | "refused">("no");

/** How long an answer may take, in milliseconds. */
const PATIENCE = 15_000;

/** Shows the token with every request from now on, until the tab is closed. */
export function setToken(token: string): void {
  sessionStorage.setItem(TOKEN_KEY, token);
  signIn.value = "no";
}

/**
 * Sends a request to the admin API.
 *
 * @param path below `/api/v1/`
 * @throws ApiError when it is not answered, or with anything but success
 */
export async function request(method: string, path: string, init: RequestInit = {}): Promise<Response> {
  const token = sessionStorage.getItem(TOKEN_KEY);
  const headers = new Headers(init.headers);
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  let response: Response;
  try {
    response = await fetch(`api/v1/${path}`, { ...init, method, headers, cache: "no-store" });
  } catch {
    throw new ApiError(0, "The admin API cannot be reached.");
  }
  if (response.ok) return response;
  // A token that has been replaced since then says nothing of the new one.
  if (response.status === 401 && token === sessionStorage.getItem(TOKEN_KEY)) {
    signIn.value = token === null ? "asked" : "refused";
  }
  throw await refusal(response);
}

/** The answer to a request, read as JSON; undefined where it has no content. */
export async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await request(method, path, {
    signal: AbortSignal.timeout(PATIENCE),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
  });
  const text = await response.text();
  // What the API says is described by the types of src/admin, and tested there.
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** A list, whether the API gives it alone or under a name. */
export async function list<T>(path: string): Promise<readonly T[]> {
  const answer = await call<object>("GET", path);
  const found: unknown = Array.isArray(answer) ? answer : Object.values(answer).find(Array.isArray);
  // The same seam as above.
  return (found ?? []) as readonly T[];
}

async function refusal(response: Response): Promise<ApiError> {
  const fallback = `The admin API answered ${response.status}.`;
  try {
    const { error } = (await response.json()) as { error?: Refused | string }; // either form of an error, or neither
    if (typeof error === "string") return new ApiError(response.status, error);
    const problems = (error?.problems ?? []).map(({ path, message }) =>
      path === "" ? message : `${path}: ${message}`,
    );
    return new ApiError(response.status, error?.message ?? fallback, problems);
  } catch {
    return new ApiError(response.status, fallback);
  }
}

interface Refused {
  readonly message?: string;
  readonly problems?: readonly { readonly path: string; readonly message: string }[];
}
