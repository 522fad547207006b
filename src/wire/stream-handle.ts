/**
 * The one place that knows of Node's own stream handles, which are no public API: what a socket is made of below
 * `net.Socket`. Everything here is looked for before it is used; where it is missing or different, nothing of it is used.
 */
import { isIP, Socket } from "node:net";
import type { Server } from "node:net";
import { constants as system, platform } from "node:os";

/** A request to write, to connect or to shut down; told when it is over. */
export interface StreamRequest {
  oncomplete?: (this: StreamRequest, status: number) => void;
}

/** The handle of a connection: of TCP (libuv's `uv_tcp_t`, wrapped by Node), or of TLS over one of TCP. */
export interface StreamHandle {
  /**
   * Called for every read; `streamState[READ_BYTES_OR_ERROR]` tells its outcome. What was read is given as long as the
   * handle has no buffer of ours to put it in; it is the receiver's own then.
   */
  onread: (this: StreamHandle, own?: ArrayBuffer) => void;
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

/** The handle of a TCP connection, from before it is opened. What gives a number gives 0, or an error's negative number. */
export interface TcpHandle extends StreamHandle {
  /** The file descriptor; negative as long as there is none. */
  readonly fd: number;
  connect(request: StreamRequest, address: string, port: number): number;
  connect6(request: StreamRequest, address: string, port: number): number;
  getpeername(into: { address?: string }): number;
  getsockname(into: { port?: number }): number;
  setNoDelay(on: boolean): number;
  /** @param delay seconds; 0 leaves the system's own */
  setKeepAlive(on: boolean, delay: number): number;
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

/** The handle of an address that connections come in at. */
export interface ServerHandle {
  /** The file descriptor; negative as long as there is none. */
  readonly fd: number;
  onconnection: (this: unknown, status: number, client: unknown) => void;
  bind(address: string, port: number): number;
  bind6(address: string, port: number, flags: number): number;
  /** Takes over a descriptor that is bound. */
  open(descriptor: number): number;
  listen(connections: number): number;
  getsockname(into: { address?: string; port?: number }): number;
  setNoDelay(on: boolean): number;
  close(done?: () => void): void;
}

/** Node's binding for them. */
export interface StreamBinding {
  readonly TCP: new (kind: number) => TcpHandle & ServerHandle;
  /** The kinds of TCP handles: of connections, and of addresses that connections come in at. */
  readonly CONNECTION: number;
  readonly SERVER: number;
  readonly ConnectWrap: new () => StreamRequest;
  readonly WriteWrap: new () => StreamRequest;
  readonly ShutdownWrap: new () => StreamRequest;
  /** Where the outcome of the last call stands. */
  readonly streamState: Int32Array;
  /** Index of the number of bytes that were read, or of the error's negative number. */
  readonly READ_BYTES_OR_ERROR: number;
  /** Index of where what was read begins in a buffer that was given. */
  readonly ARRAY_BUFFER_OFFSET: number;
  /** Index of whether the last write was queued, in part at least. */
  readonly LAST_WRITE_WAS_ASYNC: number;
}

const TLS_METHODS = ["useUserBuffer", "readStart", "readStop", "writeBuffer", "shutdown", "destroySSL"] as const;

const METHODS = [
  "useUserBuffer",
  "readStart",
  "readStop",
  "writeBuffer",
  "shutdown",
  "close",
  "connect",
  "connect6",
  "getpeername",
  "getsockname",
  "setNoDelay",
  "setKeepAlive",
  "bind",
  "bind6",
  "open",
  "listen",
] as const;

/** The shape of what `process.binding` gives; each part is checked. */
interface RawStreamBinding {
  readonly WriteWrap?: unknown;
  readonly ShutdownWrap?: unknown;
  readonly streamBaseState?: unknown;
  readonly kReadBytesOrError?: unknown;
  readonly kArrayBufferOffset?: unknown;
  readonly kLastWriteWasAsync?: unknown;
}

interface RawTcpBinding {
  readonly TCP?: unknown;
  readonly TCPConnectWrap?: unknown;
  readonly constants?: { readonly SOCKET?: unknown; readonly SERVER?: unknown };
}

/** Node's binding, or undefined where this Node has none that looks as expected. */
export function findStreamBinding(load: (name: string) => unknown): StreamBinding | undefined {
  try {
    const streams = load("stream_wrap") as RawStreamBinding;
    const { WriteWrap, ShutdownWrap, streamBaseState: streamState } = streams;
    const { kReadBytesOrError, kArrayBufferOffset, kLastWriteWasAsync } = streams;
    const { TCP, TCPConnectWrap, constants } = load("tcp_wrap") as RawTcpBinding;
    const makers = [WriteWrap, ShutdownWrap, TCP, TCPConnectWrap];
    if (!makers.every((maker) => typeof maker === "function") || !hasMethods(TCP)) return undefined;
    const numbers = [kReadBytesOrError, kArrayBufferOffset, kLastWriteWasAsync, constants?.SOCKET, constants?.SERVER];
    if (!numbers.every((number) => typeof number === "number")) return undefined;
    if (!(streamState instanceof Int32Array)) return undefined;
    // Functions of Node's binding layer; that they make what they should is what the drivers' contract tests show.
    return {
      TCP,
      CONNECTION: constants?.SOCKET,
      SERVER: constants?.SERVER,
      ConnectWrap: TCPConnectWrap,
      WriteWrap,
      ShutdownWrap,
      streamState,
      READ_BYTES_OR_ERROR: kReadBytesOrError,
      ARRAY_BUFFER_OFFSET: kArrayBufferOffset,
      LAST_WRITE_WAS_ASYNC: kLastWriteWasAsync,
    } as StreamBinding;
  } catch {
    return undefined;
  }
}

/** Whether what a constructor makes can do what a handle has to. */
function hasMethods(TCP: unknown): boolean {
  const { prototype } = TCP as { readonly prototype: object };
  return METHODS.every((method) => method in prototype);
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

/** Not on Windows: there a connection has no descriptor. */
function isTcpHandle(value: unknown, { TCP }: StreamBinding): value is TcpHandle {
  return value instanceof TCP && typeof value.fd === "number" && value.fd >= 0;
}

function isTlsHandle(value: unknown): value is RawTlsHandle {
  if (typeof value !== "object" || value === null || !("onerror" in value && "onhandshakestart" in value)) return false;
  return TLS_METHODS.every((method) => method in value && typeof value[method as keyof typeof value] === "function");
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
export function takeHandles(socket: Socket, binding: StreamBinding): TakenHandles | undefined {
  if (socket.destroyed || socket.readableEnded || socket.writableEnded) return undefined;
  if (socket.writableLength > 0 || socket.readableLength > 0) return undefined;
  // Node's types do not know where a socket keeps its handle.
  const holder = socket as SocketWithHandle;
  if ("encrypted" in socket) return takeTls(holder, binding);
  const tcp = holder[HANDLE];
  if (!isTcpHandle(tcp, binding)) return undefined;
  tcp.readStop();
  holder[HANDLE] = null;
  forgetSocket(tcp, socket);
  return { tcp, tls: undefined };
}

/** A TLS socket of a server is one over a plain socket, that of a client has the handle beneath to itself. */
function takeTls(holder: SocketWithHandle, binding: StreamBinding): TakenHandles | undefined {
  const tls = holder[HANDLE];
  if (holder.secureConnecting !== false || !isTlsHandle(tls) || holder[ENGINE] !== tls) return undefined;
  const tcp = tls[BENEATH];
  const beneath = tls[SOCKET_BENEATH] ?? undefined;
  if (!isTcpHandle(tcp, binding) || (beneath !== undefined && beneath[HANDLE] !== tcp)) return undefined;
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

/** The opposite of {@link takeHandles}: a socket, at rest, over a handle that nobody else uses any more. */
export function makeSocket(handle: StreamHandle): Socket {
  const options = { handle, allowHalfOpen: true, pauseOnCreate: true };
  // Two of the options are those with which Node's own servers make their sockets; its types do not know them.
  return new Socket(options);
}

/**
 * From now on the connections of a server that listens come as handles, without sockets around them.
 *
 * @returns false when that cannot be done; then the server is as it was
 */
export function acceptHandles(server: Server, { TCP }: StreamBinding, onHandle: (handle: TcpHandle) => void): boolean {
  const handle = (server as unknown as { [HANDLE]?: unknown })[HANDLE];
  if (!(handle instanceof TCP)) return false;
  const { onconnection } = handle;
  if (typeof onconnection !== "function") return false;
  takeConnections(handle, TCP, onHandle, (status, client) => Reflect.apply(onconnection, handle, [status, client]));
  return true;
}

/** @param failed gets what is no connection */
function takeConnections(
  handle: ServerHandle,
  TCP: StreamBinding["TCP"],
  onHandle: (handle: TcpHandle) => void,
  failed: (status: number, client: unknown) => void,
): void {
  // On Linux a connection has from its beginning what its listening socket has.
  handle.setNoDelay(true);
  const inherits = platform() === "linux";
  handle.onconnection = (status, client) => {
    if (status !== 0 || !(client instanceof TCP)) {
      failed(status, client);
      return;
    }
    if (!inherits) client.setNoDelay(true);
    onHandle(client);
  };
}

/** An address that is bound. */
export interface BoundHandle {
  readonly handle: ServerHandle;
  readonly address: string;
  readonly port: number;
}

/** Binds an address without listening yet. @returns the handle and its port, or the negative number of what failed */
export function bindAddress({ TCP, SERVER }: StreamBinding, address: string, port: number): BoundHandle | number {
  const handle = new TCP(SERVER);
  return named(handle, isIP(address) === 6 ? handle.bind6(address, port, 0) : handle.bind(address, port));
}

/** Takes over a descriptor that somebody else has bound. @returns as {@link bindAddress} */
export function adoptDescriptor({ TCP, SERVER }: StreamBinding, descriptor: number): BoundHandle | number {
  const handle = new TCP(SERVER);
  return named(handle, handle.open(descriptor));
}

/** @param bound 0, or the negative number of what failed */
function named(handle: ServerHandle, bound: number): BoundHandle | number {
  // An address that is taken shows only when the handle is next asked for something.
  const { address = "", port = 0, status } = nameOf(handle, bound);
  // What is bound to no address of IP has a name without a port.
  if (status === 0 && port > 0) return { handle, address, port };
  handle.close();
  return status === 0 ? -system.errno.EINVAL : status;
}

function nameOf(handle: ServerHandle, bound: number): { address?: string; port?: number; status: number } {
  const name: { address?: string; port?: number } = {};
  const status = bound === 0 ? handle.getsockname(name) : bound;
  return { ...name, status };
}

/** The descriptor of a server that listens; undefined where it has none, as on Windows. */
export function descriptorOf(server: Server): number | undefined {
  const { [HANDLE]: handle } = server as unknown as { [HANDLE]?: { readonly fd?: unknown } | null };
  return typeof handle?.fd === "number" && handle.fd >= 0 ? handle.fd : undefined;
}

/**
 * Accepts at an address that was bound, here or in another process, until the handle is closed.
 *
 * @returns 0, or the negative number of what failed
 */
export function acceptAt(
  { TCP }: StreamBinding,
  handle: ServerHandle,
  backlog: number,
  onHandle: (handle: TcpHandle) => void,
  onFailed: (status: number) => void,
): number {
  takeConnections(handle, TCP, onHandle, onFailed);
  return handle.listen(backlog);
}

/** Makes a handle and has it connect. @returns the handle, and 0 or the negative number of what failed at once */
export function openConnection(
  binding: StreamBinding,
  address: string,
  port: number,
  request: StreamRequest,
): { readonly handle: TcpHandle; readonly status: number } {
  const handle = new binding.TCP(binding.CONNECTION);
  handle.setNoDelay(true);
  const status = isIP(address) === 6 ? handle.connect6(request, address, port) : handle.connect(request, address, port);
  return { handle, status };
}
