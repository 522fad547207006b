import { X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import type { SecureContext, SecureContextOptions } from "node:tls";

import { FairleadError } from "../base/index.ts";
import type { CertificateConfig, ListenerTls } from "../config/index.ts";

/** TLS options of a server: its default certificate, and how others are chosen by the name that a client asks for. */
export interface ServerTlsOptions extends SecureContextOptions {
  readonly ALPNProtocols: string[];
  readonly SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) => void;
}

interface Choice {
  readonly context: SecureContext;
  readonly takes: (name: string) => boolean;
}

/** @throws FairleadError TLS_FILES when a certificate or key cannot be used */
export function tlsOptions(tls: ListenerTls): ServerTlsOptions {
  const [first] = tls.certificates;
  if (first === undefined) throw new FairleadError("TLS_FILES", "A TLS listener needs at least one certificate.");
  const choices = tls.certificates.map((certificate) => choiceOf(certificate, tls.minVersion));
  return {
    cert: first.cert,
    key: first.key,
    minVersion: tls.minVersion,
    ALPNProtocols: ["http/1.1"],
    SNICallback: (name, done) => done(null, choose(choices, name)),
  };
}

/**
 * Judges the certificates and keys of a listener.
 *
 * @throws FairleadError TLS_FILES when one cannot be used
 */
export function checkTls({ certificates, minVersion }: ListenerTls): void {
  for (const certificate of certificates) choiceOf(certificate, minVersion);
}

function choiceOf(certificate: CertificateConfig, minVersion: ListenerTls["minVersion"]): Choice {
  const { cert, key, hosts } = certificate;
  try {
    const context = createSecureContext({ cert, key, minVersion });
    const parsed = new X509Certificate(cert);
    if (hosts.length === 0) return { context, takes: (name) => parsed.checkHost(name) !== undefined };
    return { context, takes: (name) => hosts.some((host) => matches(host, name)) };
  } catch (error) {
    const file = certificate.certFile ?? "given as text";
    throw new FairleadError("TLS_FILES", `The certificate ${file} and its key cannot be used: ${String(error)}`, error);
  }
}

/** `*.example.com` takes one label, as certificates do (RFC 6125 section 6.4.3). */
function matches(pattern: string, name: string): boolean {
  if (!pattern.startsWith("*.")) return pattern === name;
  const dot = name.indexOf(".");
  return dot > 0 && name.slice(dot) === pattern.slice(1);
}

/** Without a fitting certificate the default one is used: the client sees a name that does not fit and decides. */
function choose(choices: readonly Choice[], name: string): SecureContext | undefined {
  const lower = name.toLowerCase();
  try {
    return choices.find((choice) => choice.takes(lower))?.context;
  } catch {
    // A name that no certificate can be compared with; what is thrown here would end the process.
    return undefined;
  }
}
