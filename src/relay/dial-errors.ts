import { errorCode, FairleadError, firstError } from "../base/index.ts";
import type { ErrorCode } from "../base/index.ts";

const CODES: Readonly<Record<string, ErrorCode>> = {
  ECONNREFUSED: "BACKEND_REFUSED",
  ECONNRESET: "BACKEND_REFUSED",
  EPIPE: "BACKEND_REFUSED",
  EHOSTUNREACH: "BACKEND_UNREACHABLE",
  ENETUNREACH: "BACKEND_UNREACHABLE",
  ENOTFOUND: "BACKEND_UNREACHABLE",
  EAI_AGAIN: "BACKEND_UNREACHABLE",
  ETIMEDOUT: "BACKEND_CONNECT_TIMEOUT",
  EMFILE: "LOCAL_RESOURCES",
  ENFILE: "LOCAL_RESOURCES",
  EADDRNOTAVAIL: "LOCAL_RESOURCES",
};

/** OpenSSL's and Node's names of what can be wrong with a certificate or a TLS handshake. */
const TLS_CODE = /CERT|^ERR_TLS|^ERR_SSL|^EPROTO$|SELF_SIGNED|UNABLE_TO|HOSTNAME/;

/**
 * Says what the failure of a connection to a backend means.
 *
 * @param connected whether the connection stood before it failed
 * @param cause the socket's error; undefined when it just closed
 */
export function connectionError(name: string, connected: boolean, cause: Error | undefined): FairleadError {
  const system = cause === undefined ? "" : errorCode(cause);
  const detail = cause === undefined ? "closed the connection" : firstError(cause).message;
  if (TLS_CODE.test(system)) return new FairleadError("BACKEND_TLS", `${name}: ${detail}`, cause);
  const code = CODES[system] ?? "BACKEND_UNREACHABLE";
  if (connected && code !== "LOCAL_RESOURCES") {
    return new FairleadError(
      "BACKEND_CLOSED_EARLY",
      `${name} closed the connection before it answered: ${detail}`,
      cause,
    );
  }
  return new FairleadError(code, `${name} could not be reached: ${detail}`, cause);
}
