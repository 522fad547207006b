/**
 * The one place that knows of Node's own stream handles, which are no public API: what a socket is made of below
 * `net.Socket`. Everything here is looked for before it is used; where it is missing or different, nothing of it is used.
 */
import type { Socket } from "node:net";

/** A request to write or to shut down; told when it is over. */
export interface StreamRequest {
  oncomplete?: (this: StreamRequest, status: number) => void;
}

/** The handle of a TCP connection (libuv's `uv_tcp_t`, wrapped by Node). */
export interface StreamHandle {
  /** Called for every read; `streamState[READ_BYTES_OR_ERROR]` tells its outcome. */
  onread: (this: StreamHandle) => void;
  /** Bytes that were written and that the kernel has not taken yet. */
  readonly writeQueueSize: number;
  /** Where reads put their bytes. The handle keeps the address only: whoever gives a buffer keeps it alive. */
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  /** Writes at once what the kernel takes, and queues the rest: then the bytes must stay as they are until `oncomplete`. */
  writeBuffer(request: StreamRequest, bytes: Uint8Array): number;
  shutdown(request: StreamRequest): number;
  close(done: () => void): void;
}

/** Node's binding for them. */
export interface StreamBinding {
  readonly WriteWrap: new () => StreamRequest;
  readonly ShutdownWrap: new () => StreamRequest;
  /** Where the outcome of the last call stands. */
  readonly streamState: Int32Array;
  /** Index of the number of bytes that were read, or of the error's negative number. */
  readonly READ_BYTES_OR_ERROR: number;
  /** Index of whether the last write was queued, in part at least. */
  readonly LAST_WRITE_WAS_ASYNC: number;
}

const METHODS = ["useUserBuffer", "readStart", "readStop", "writeBuffer", "shutdown", "close"] as const;

/** The shape of what `process.binding` gives; each part is checked. */
interface RawBinding {
  readonly WriteWrap?: unknown;
  readonly ShutdownWrap?: unknown;
  readonly streamBaseState?: unknown;
  readonly kReadBytesOrError?: unknown;
  readonly kLastWriteWasAsync?: unknown;
}

/** Node's binding, or undefined where this Node has none that looks as expected. */
export function findStreamBinding(load: (name: string) => unknown): StreamBinding | undefined {
  try {
    const raw = load("stream_wrap") as RawBinding;
    const { WriteWrap, ShutdownWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = raw;
    if (typeof WriteWrap !== "function" || typeof ShutdownWrap !== "function") return undefined;
    if (!(streamBaseState instanceof Int32Array)) return undefined;
    if (typeof kReadBytesOrError !== "number" || typeof kLastWriteWasAsync !== "number") return undefined;
    return {
      // Functions made by Node's binding layer; that they construct requests is what the drivers' contract tests show.
      WriteWrap: WriteWrap as StreamBinding["WriteWrap"],
      ShutdownWrap: ShutdownWrap as StreamBinding["ShutdownWrap"],
      streamState: streamBaseState,
      READ_BYTES_OR_ERROR: kReadBytesOrError,
      LAST_WRITE_WAS_ASYNC: kLastWriteWasAsync,
    };
  } catch {
    return undefined;
  }
}

/** Where Node's sockets keep their handle; its types say nothing of it. */
const HANDLE = "_handle";

interface SocketWithHandle {
  [HANDLE]?: unknown;
}

/** Whether `value` can do what a handle has to. */
function isStreamHandle(value: unknown): value is StreamHandle {
  if (typeof value !== "object" || value === null || !("onread" in value) || !("writeQueueSize" in value)) return false;
  return METHODS.every((method) => method in value && typeof value[method as keyof typeof value] === "function");
}

/** A handle refers to its socket under a symbol of Node's own, and would keep it in memory. */
function forgetSocket(handle: StreamHandle, socket: Socket): void {
  const fields = handle as unknown as Record<symbol, unknown>;
  for (const symbol of Object.getOwnPropertySymbols(handle)) {
    if (fields[symbol] === socket) fields[symbol] = undefined;
  }
}

/**
 * Takes the handle out of a plain TCP socket that has nothing left to read or to write. What remains of the socket is to
 * be destroyed: its server then counts the connection as closed, and its memory is free.
 *
 * @returns undefined when the socket cannot be taken apart; then it is as it was
 */
export function takeHandle(socket: Socket): StreamHandle | undefined {
  if (socket.destroyed || socket.readableEnded || socket.writableEnded) return undefined;
  if (socket.writableLength > 0 || socket.readableLength > 0) return undefined;
  const holder = socket as unknown as SocketWithHandle;
  const handle = holder[HANDLE];
  if ("encrypted" in socket || !isStreamHandle(handle)) return undefined;
  handle.readStop();
  holder[HANDLE] = null;
  forgetSocket(handle, socket);
  return handle;
}
