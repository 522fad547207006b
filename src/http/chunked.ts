import { type Bytes, FairleadError } from "../base/index.ts";

/** Largest chunk-size line, extensions included, and largest trailer section. */
const MAX_LINE_SIZE: Bytes = 4096;
const MAX_TRAILER_SIZE: Bytes = 16_384;
/** Hex digits of a chunk's size; 12 of them (281 TB) are exact in a double. */
const MAX_SIZE_DIGITS = 12;

const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;
const SEMICOLON = 59;

type State =
  | "size" // digits of a chunk's size
  | "extension" // rest of the size line
  | "size-lf"
  | "data"
  | "data-cr"
  | "data-lf"
  | "trailer-start" // at the beginning of a trailer line, or of the blank line
  | "trailer" // inside a trailer line
  | "trailer-lf"
  | "end-lf" // the blank line's LF
  | "done";

/** Finds the end of a chunked body (RFC 9112 section 7.1), however its bytes are split. Lines end with CRLF only. */
export class ChunkedScanner {
  readonly framing = "chunked";
  #state: State = "size";
  /** Digits, or bytes of a line or of the trailers, seen so far. */
  #count = 0;
  /** Of the current chunk: its size while that is read, then the bytes that are still to come. */
  #left = 0;

  get done(): boolean {
    return this.#state === "done";
  }

  push(bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    while (at < end && this.#state !== "done") {
      if (this.#state === "data") {
        const taken = Math.min(this.#left, end - at);
        this.#left -= taken;
        at += taken;
        this.#state = this.#left === 0 ? "data-cr" : "data";
      } else {
        this.#state = this.#step(bytes[at] ?? 0);
        at += 1;
      }
    }
    return at - from;
  }

  #step(byte: number): State {
    switch (this.#state) {
      case "size":
        return this.#size(byte);
      case "extension":
        return this.#line(byte, "extension", "size-lf", MAX_LINE_SIZE);
      case "size-lf":
        return this.#sizeEnd(byte);
      case "data-cr":
        return expect(byte, CR, "data-lf");
      case "data-lf":
        return expect(byte, LF, "size");
      case "trailer-start":
        return byte === CR ? "end-lf" : this.#line(byte, "trailer", "trailer-lf", MAX_TRAILER_SIZE);
      case "trailer":
        return this.#line(byte, "trailer", "trailer-lf", MAX_TRAILER_SIZE);
      case "trailer-lf":
        return expect(byte, LF, "trailer-start");
      case "end-lf":
        return expect(byte, LF, "done");
      default:
        return this.#state;
    }
  }

  #size(byte: number): State {
    const digit = hexDigit(byte);
    if (digit !== -1) {
      this.#count += 1;
      this.#left = this.#left * 16 + digit;
      if (this.#count > MAX_SIZE_DIGITS) {
        throw badChunk("a chunk's size has too many digits");
      }
      return "size";
    }
    if (this.#count === 0) {
      throw badChunk("a chunk does not begin with its size");
    }
    if (byte === CR) {
      return "size-lf";
    }
    return expect(byte, byte === SPACE || byte === TAB ? byte : SEMICOLON, "extension");
  }

  #sizeEnd(byte: number): State {
    this.#count = 0;
    return expect(byte, LF, this.#left === 0 ? "trailer-start" : "data");
  }

  /** One byte of a line that is not looked into further; CR ends it. */
  #line(byte: number, here: State, after: State, max: Bytes): State {
    this.#count += 1;
    if (this.#count > max) {
      throw badChunk(`a chunk's extensions or the trailers are larger than ${max} bytes`);
    }
    if (byte === LF || byte === 0) {
      throw badChunk("a line holds a bare LF or a NUL");
    }
    return byte === CR ? after : here;
  }
}

function expect(byte: number, wanted: number, next: State): State {
  if (byte !== wanted) {
    throw badChunk("chunks are not where their sizes say");
  }
  return next;
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) {
    return byte - 48;
  }
  const lower = byte | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function badChunk(what: string): FairleadError {
  return new FairleadError("BACKEND_BAD_HEAD", `The body of the backend's answer is not valid: ${what}.`);
}
