import type { IncomingMessage, ServerResponse } from "node:http";

import type { Dispatcher } from "undici";

import { errorCode, FairleadError } from "../base/index.ts";
import {
  forwardedRequestHeaders,
  forwardedResponseHeaders,
  headerValue,
  hostProblem,
  originForm,
  targetProblem,
} from "../http/index.ts";
import type { RequestFacts } from "../http/index.ts";
import type { Backend, Pool, Seeker } from "../pool/index.ts";

import { forwardFacts } from "./arrival.ts";
import type { Arrival } from "./arrival.ts";
import type { Gateway } from "./gateway.ts";
import type { PoolEntry } from "./plan.ts";
import { BAD_ANSWER, badRequest, INTERNAL, NO_ROUTE, noCandidate, OVERLOADED, TOO_SLOW } from "./outcomes.ts";
import type { Refused } from "./outcomes.ts";
import { STATUS_CLIENT_GONE } from "./record.ts";

/** Methods that may be sent again when a connection broke before an answer came (RFC 9110 section 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);
/** undici's names for failures before a request could be sent at all. */
const NOT_SENT: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "EMFILE",
  "ENFILE",
  "EADDRNOTAVAIL",
]);
/** Failures for want of descriptors or ports on this machine: they say nothing about the backend. */
const OWN_LIMITS: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "EADDRNOTAVAIL"]);
const TIMEOUTS: ReadonlySet<string> = new Set(["UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]);
const CLIENT_GONE = new FairleadError("CLIENT_GONE", "the client went away before its request was answered");

/** What became of one attempt. */
type Attempt = "answered" | "cut" | "gone" | { readonly error: Error; readonly sent: boolean };

/** One plain request's way to a backend and back, streamed both ways. */
export class PlainRequest {
  private readonly gateway: Gateway;
  private readonly arrival: Arrival;
  private readonly request: IncomingMessage;
  private readonly response: ServerResponse;
  private fromClient = 0;
  private fromBackend = 0;

  constructor(gateway: Gateway, arrival: Arrival, request: IncomingMessage, response: ServerResponse) {
    this.gateway = gateway;
    this.arrival = arrival;
    this.request = request;
    this.response = response;
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const { draft } = this.arrival;
    try {
      await this.judge();
    } catch (error) {
      this.gateway.world.logger.error({ err: error, id: draft.id }, "a request failed unexpectedly");
      this.refuse(INTERNAL);
    }
    draft.body = { fromClient: this.fromClient, fromBackend: this.fromBackend };
    this.gateway.record(draft);
  }

  private async judge(): Promise<void> {
    const { head } = this.arrival;
    const problem = targetProblem(head.target) ?? hostProblem(head);
    if (problem !== undefined) {
      this.refuse(badRequest(problem));
      return;
    }
    const facts = this.gateway.factsOf(this.arrival);
    const route = this.gateway.routeFor(this.arrival, facts);
    if (route === undefined) {
      this.refuse(NO_ROUTE);
      return;
    }
    await this.forward(this.gateway.plan.entry(route.pool), facts);
  }

  private async forward(entry: PoolEntry, facts: RequestFacts): Promise<void> {
    const { pool } = entry;
    const tried: Backend[] = [];
    let last: Error | undefined;
    const { maxAttempts, budget } = pool.config.dial;
    const { clock } = this.gateway.world;
    const deadline = clock.now() + budget;
    while (tried.length < maxAttempts && clock.now() < deadline) {
      const seeker = { kind: "request", facts, failed: tried } as const;
      const backend = pool.claim(seeker) ?? (await this.wait(pool, seeker));
      if (backend === undefined) break;
      const attempt = await this.attempt(entry, backend, facts);
      if (attempt === "gone") this.arrival.draft.status = STATUS_CLIENT_GONE;
      if (typeof attempt === "string") return;
      tried.push(backend);
      last = attempt.error;
      this.tellFailure(attempt.error);
      if (attempt.sent && !this.mayRepeat()) break;
    }
    if (this.isClientGone()) this.arrival.draft.status = STATUS_CLIENT_GONE;
    else if (last === undefined && pool.isOverloaded({ kind: "request", facts, failed: tried })) {
      this.gateway.world.meters.count("refusedByAdmission", [pool.name]);
      this.refuse(OVERLOADED);
    } else this.fail(last, tried.length);
  }

  /** Requests do not queue: it takes no longer than hearing whether there is a place. */
  private async wait(pool: Pool, seeker: Seeker): Promise<Backend | undefined> {
    const waiter = pool.wait(seeker);
    if (waiter === undefined) return undefined;
    this.response.on("close", waiter.leave);
    const backend = await waiter.place;
    this.response.off("close", waiter.leave);
    return backend;
  }

  /** A request is only repeated when it does no harm, and when its body has not been read. */
  private mayRepeat(): boolean {
    return IDEMPOTENT.has(this.arrival.head.method) && this.fromClient === 0;
  }

  private async attempt(entry: PoolEntry, backend: Backend, facts: RequestFacts): Promise<Attempt> {
    const { pool, upstream } = entry;
    const { draft, head } = this.arrival;
    draft.attempts += 1;
    draft.backend = backend.name;
    pool.requestBegun(backend);
    const options: Dispatcher.DispatchOptions = {
      path: originForm(head.target),
      method: head.method,
      headers: forwardedRequestHeaders(head.headers, forwardFacts(this.arrival, false)),
      body: this.body(),
    };
    const attempt = await this.dispatch(upstream.http(backend.config), options, pool.cookieFor(backend, facts));
    pool.release(backend);
    pool.requestEnded(backend);
    this.judgeBackend(entry, backend, attempt);
    return attempt;
  }

  private judgeBackend(entry: PoolEntry, backend: Backend, attempt: Attempt): void {
    if (attempt === "answered") this.gateway.signal(entry.pool, backend, "success");
    else if (attempt === "cut") this.gateway.backendFailed(entry.pool, backend, "unexpected-close");
    else if (attempt !== "gone" && !OWN_LIMITS.has(errorCode(attempt.error))) {
      this.gateway.backendFailed(entry.pool, backend, "dial-failed");
    }
  }

  /** The request's body; null when it has none, so that the backend is not told of one. Not read before a connection stands. */
  private body(): NonNullable<Dispatcher.DispatchOptions["body"]> | null {
    const { headers } = this.arrival.head;
    const length = headerValue(headers, "content-length");
    if (headerValue(headers, "transfer-encoding") === undefined && (length === undefined || length === "0"))
      return null;
    // Iterated rather than piped: undici destroys a stream when an attempt fails, and the next one could not read it.
    // Its types know streams only.
    return { [Symbol.asyncIterator]: () => this.readBody() } as unknown as NonNullable<
      Dispatcher.DispatchOptions["body"]
    >;
  }

  private async *readBody(): AsyncGenerator<Uint8Array> {
    const chunks: AsyncIterable<Uint8Array> = this.request.iterator({ destroyOnReturn: false });
    for await (const chunk of chunks) {
      this.fromClient += chunk.length;
      yield chunk;
    }
  }

  private dispatch(
    http: Dispatcher,
    options: Dispatcher.DispatchOptions,
    cookie: string | undefined,
  ): Promise<Attempt> {
    const { response } = this;
    return new Promise((resolve) => {
      let controller: Dispatcher.DispatchController | undefined;
      let sent = false;
      let finished = false;
      const onClose = (): void => {
        if (finished) return;
        controller?.abort(CLIENT_GONE);
        done("gone");
      };
      const onDrain = (): void => controller?.resume();
      const done = (attempt: Attempt): void => {
        if (finished) return;
        finished = true;
        response.off("close", onClose);
        response.off("drain", onDrain);
        resolve(attempt);
      };
      response.on("close", onClose);
      response.on("drain", onDrain);
      http.dispatch(options, {
        onRequestStart: (started) => {
          controller = started;
          if (response.closed) started.abort(CLIENT_GONE);
        },
        onBodySent: () => {
          sent = true;
        },
        onRequestSent: () => {
          sent = true;
        },
        onResponseStart: (started, status, _headers, reason) => {
          if (status >= 200) this.begin(status, reason, rawHeadersOf(started), cookie);
        },
        onResponseData: (started, chunk) => {
          this.fromBackend += chunk.length;
          if (!response.write(chunk)) started.pause();
        },
        onResponseEnd: () => {
          response.end();
          done("answered");
        },
        onResponseError: (_controller, error) => {
          if (finished) return;
          if (this.isClientGone()) {
            done("gone");
            return;
          }
          if (response.headersSent) response.destroy();
          done(response.headersSent ? "cut" : { error, sent: sent || !NOT_SENT.has(errorCode(error)) });
        },
      });
    });
  }

  /** A client that breaks off its upload shows that as an error of the attempt, before its connection is seen to close. */
  private isClientGone(): boolean {
    return this.response.closed || (this.request.destroyed && !this.request.complete);
  }

  private begin(
    status: number,
    reason: string | undefined,
    rawHeaders: readonly string[],
    cookie: string | undefined,
  ): void {
    const headers = forwardedResponseHeaders(rawHeaders);
    if (cookie !== undefined) headers.push("Set-Cookie", cookie);
    if (this.gateway.draining) headers.push("Connection", "close");
    this.arrival.draft.status = status;
    this.response.writeHead(status, reason ?? "", headers);
    this.response.flushHeaders();
  }

  private tellFailure(error: Error): void {
    const { id, backend } = this.arrival.draft;
    this.gateway.world.logger.warn(
      { id, code: errorCode(error), backend },
      `a request was not answered: ${error.message}`,
    );
  }

  /** No backend answered: 503 when none could be reached, 504 when one was too slow, else 502. */
  private fail(error: Error | undefined, attempts: number): void {
    const code = error === undefined ? "" : errorCode(error);
    if (error === undefined || NOT_SENT.has(code)) this.refuse(noCandidate(attempts));
    else this.refuse(TIMEOUTS.has(code) ? TOO_SLOW : BAD_ANSWER);
  }

  private refuse({ status, code, reason }: Refused): void {
    const { response } = this;
    const { draft } = this.arrival;
    draft.status = status;
    draft.error ??= code;
    draft.reason = reason;
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (status === 503) response.setHeader("Retry-After", this.gateway.retryAfter());
    response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" });
    response.end(`${reason}\n`);
  }
}

/** undici hands the header lines of HTTP/1.1 over as buffers, names and values in turn. */
function rawHeadersOf(controller: Dispatcher.DispatchController): string[] {
  const { rawHeaders } = controller;
  if (!Array.isArray(rawHeaders)) return [];
  return rawHeaders.map((part) => (typeof part === "string" ? part : part.toString("latin1")));
}
