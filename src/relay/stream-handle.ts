/**
 * The one place that knows of Node's own stream handles, which are no public API: what a socket is made of below
 * `net.Socket`. Everything here is looked for before it is used; where it is missing or different, nothing of it is used.
 */
import type { Socket } from "node:net";

/** A request to write or to shut down; told when it is over. */
export interface StreamRequest {
  oncomplete?: (this: StreamRequest, status: number) => void;
}

/** The handle of a connection: of TCP (libuv's `uv_tcp_t`, wrapped by Node), or of TLS over one of TCP. */
export interface StreamHandle {
  /** Called for every read; `streamState[READ_BYTES_OR_ERROR]` tells its outcome. */
  onread: (this: StreamHandle) => void;
  /** Bytes that were written and that the kernel, or for TLS the connection beneath, has not taken yet. */
  readonly writeQueueSize: number;
  /**
   * Where reads put their bytes; to be called once, since a handle keeps what it was given before in memory as well. The
   * handle keeps the address only: whoever gives a buffer keeps it alive.
   */
  useUserBuffer(buffer: Uint8Array): void;
  readStart(): number;
  readStop(): number;
  /**
   * Writes bytes. TCP: at once what the kernel takes, and queues the rest; then the bytes must stay as they are until
   * `oncomplete`. TLS: encrypts a copy and always completes later; before that, another write would end the process.
   */
  writeBuffer(request: StreamRequest, bytes: Uint8Array): number;
  shutdown(request: StreamRequest): number;
  close(done: () => void): void;
}

/** The handle of a TCP connection. */
export interface TcpHandle extends StreamHandle {
  /** The file descriptor. */
  readonly fd: number;
}

/** The handle of a TLS connection. */
export interface TlsHandle extends StreamHandle {
  /** Called when the peer's bytes make no TLS. */
  onerror: (this: StreamHandle, error: Error) => void;
  /** Called when the peer negotiates anew (before TLS 1.3). */
  onhandshakestart: (this: StreamHandle) => void;
  onhandshakedone: (this: StreamHandle) => void;
  /** Called with tickets for later sessions. */
  onnewsession: (this: StreamHandle) => void;
  /** Gives the TLS engine free. Not from within a call of the engine's. */
  destroySSL(): void;
}

/** The handles of a connection that was taken out of its socket. */
export interface TakenHandles {
  readonly tcp: TcpHandle;
  /** Undefined: the connection is plain. */
  readonly tls: TlsHandle | undefined;
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
/** Where TLS sockets keep it a second time. */
const ENGINE = "ssl";
/** Where a TLS handle keeps the handle beneath it, and the socket that had that one before. */
const BENEATH = "_parent";
const SOCKET_BENEATH = "_parentWrap";

interface SocketWithHandle extends Socket {
  [HANDLE]?: unknown;
  [ENGINE]?: unknown;
  readonly secureConnecting?: boolean;
}

interface RawTlsHandle extends TlsHandle {
  [BENEATH]?: unknown;
  [SOCKET_BENEATH]?: SocketWithHandle | null;
}

/** Whether `value` can do what a handle has to. */
function isStreamHandle(value: unknown): value is StreamHandle {
  if (typeof value !== "object" || value === null || !("onread" in value) || !("writeQueueSize" in value)) return false;
  return METHODS.every((method) => method in value && typeof value[method as keyof typeof value] === "function");
}

/** Not on Windows: there a connection has no descriptor. */
function isTcpHandle(value: unknown): value is TcpHandle {
  return isStreamHandle(value) && "fd" in value && typeof value.fd === "number" && value.fd >= 0;
}

function isTlsHandle(value: unknown): value is RawTlsHandle {
  if (!isStreamHandle(value) || !("destroySSL" in value) || typeof value.destroySSL !== "function") return false;
  return "onerror" in value && "onhandshakestart" in value;
}

/** A handle refers to its socket under a symbol of Node's own, and would keep it in memory. */
function forgetSocket(handle: StreamHandle, socket: Socket): void {
  const fields = handle as unknown as Record<symbol, unknown>;
  for (const symbol of Object.getOwnPropertySymbols(handle)) {
    if (fields[symbol] === socket) fields[symbol] = undefined;
  }
}

/**
 * Takes the handles out of a socket that has nothing left to read or to write. What remains of the socket is to be
 * destroyed: its server then counts the connection as closed, and its memory is free.
 *
 * @returns undefined when the socket cannot be taken apart; then it is as it was
 */
export function takeHandles(socket: Socket): TakenHandles | undefined {
  if (socket.destroyed || socket.readableEnded || socket.writableEnded) return undefined;
  if (socket.writableLength > 0 || socket.readableLength > 0) return undefined;
  // Node's types do not know where a socket keeps its handle.
  const holder = socket as SocketWithHandle;
  if ("encrypted" in socket) return takeTls(holder);
  const tcp = holder[HANDLE];
  if (!isTcpHandle(tcp)) return undefined;
  tcp.readStop();
  holder[HANDLE] = null;
  forgetSocket(tcp, socket);
  return { tcp, tls: undefined };
}

/** A TLS socket of a server is one over a plain socket, that of a client has the handle beneath to itself. */
function takeTls(holder: SocketWithHandle): TakenHandles | undefined {
  const tls = holder[HANDLE];
  if (holder.secureConnecting !== false || !isTlsHandle(tls) || holder[ENGINE] !== tls) return undefined;
  const tcp = tls[BENEATH];
  const beneath = tls[SOCKET_BENEATH] ?? undefined;
  if (!isTcpHandle(tcp) || (beneath !== undefined && beneath[HANDLE] !== tcp)) return undefined;
  // A write of the handshake's last flight or of an answer may still be under way in the engine.
  if (tls.writeQueueSize > 0) return undefined;
  tls.readStop();
  holder[HANDLE] = null;
  holder[ENGINE] = null;
  tls[SOCKET_BENEATH] = null;
  forgetSocket(tls, holder);
  forgetSocket(tcp, beneath ?? holder);
  if (beneath !== undefined) {
    beneath[HANDLE] = null;
    beneath.destroy();
  }
  return { tcp, tls };
}
