import { FairleadError } from "../base/index.ts";
import { ChunkedScanner } from "./chunked.ts";
import { headerTokens, headerValues, type ResponseHead } from "./head.ts";

/** Finds where the body of a raw answer ends, without touching its bytes. */
export interface BodyScanner {
  /** How the end is told: there is no body, a length, chunks, or the end of the connection. */
  readonly framing: "none" | "length" | "chunked" | "close";
  /** True once the whole body has been seen; at once where there is none, never where the connection's end tells. */
  readonly done: boolean;
  /**
   * Looks at the next bytes of the answer.
   *
   * @returns how many of bytes[from, end) belong to the body; fewer than given only when the body is done
   * @throws FairleadError BACKEND_BAD_HEAD for broken chunks
   */
  push(bytes: Uint8Array, from: number, end: number): number;
}

const contentLength = /^\d{1,15}$/;
const statusNoContent = 204;
const statusNotModified = 304;

/**
 * Makes the scanner that fits an answer (RFC 9112 section 6.3).
 *
 * @param requestMethod of the request that is answered: HEAD has no body whatever the head says
 * @throws FairleadError BACKEND_BAD_HEAD when the end is told in more than one way, or in none that is understood:
 * guessing there lets one side see an answer where the other sees a body
 */
export function createBodyScanner(requestMethod: string, head: ResponseHead): BodyScanner {
  const codings = headerTokens(head.headers, "transfer-encoding");
  const lengths = headerValues(head.headers, "content-length");
  const length = readLength(lengths);
  const chunked = readCodings(codings, head.version);
  if (codings.length > 0 && lengths.length > 0) {
    throw badFraming("both Transfer-Encoding and Content-Length");
  }
  if (requestMethod === "HEAD" || head.status < 200 || [statusNoContent, statusNotModified].includes(head.status)) {
    return new LengthScanner("none", 0);
  }
  if (chunked) {
    return new ChunkedScanner();
  }
  return length === undefined ? new LengthScanner("close", Infinity) : new LengthScanner("length", length);
}

function readLength(values: readonly string[]): number | undefined {
  const [value] = values;
  if (value === undefined) {
    return undefined;
  }
  // Equal repetitions are refused too: the head is passed on as it is, and the next reader may be less forgiving.
  if (values.length > 1 || !contentLength.test(value)) {
    throw badFraming("a Content-Length that is not one decimal number");
  }
  return Number(value);
}

function readCodings(codings: readonly string[], version: string): boolean {
  if (codings.length === 0) {
    return false;
  }
  if (version === "1.0") {
    throw badFraming("Transfer-Encoding in an answer of HTTP/1.0");
  }
  const chunkedAt = codings.indexOf("chunked");
  if (chunkedAt !== -1 && chunkedAt !== codings.length - 1) {
    throw badFraming("a Transfer-Encoding in which chunked is not the last and only one");
  }
  return chunkedAt !== -1;
}

class LengthScanner implements BodyScanner {
  readonly framing: "none" | "length" | "close";
  #left: number;

  constructor(framing: "none" | "length" | "close", length: number) {
    this.framing = framing;
    this.#left = length;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  push(_bytes: Uint8Array, from: number, end: number): number {
    const taken = Math.min(this.#left, end - from);
    this.#left -= taken;
    return taken;
  }
}

function badFraming(what: string): FairleadError {
  return new FairleadError("BACKEND_BAD_HEAD", `The end of the backend's answer cannot be told: it has ${what}.`);
}
