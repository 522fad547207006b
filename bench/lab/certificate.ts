import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The benchmark's own certificate, as files and as text. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** Both in one file, as HAProxy wants it. */
  readonly bothFile: string;
  readonly cert: string;
  readonly key: string;
}

/** Makes a certificate for `name` (ECDSA P-256, the cheap and usual kind) with openssl, in `folder`. */
export function makeCertificate(folder: string, name: string): Certificate {
  const certFile = join(folder, "cert.pem");
  const keyFile = join(folder, "key.pem");
  const bothFile = join(folder, "both.pem");
  const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`, "-days", "2"];
  execFileSync("openssl", [...request, ...subject, "-keyout", keyFile, "-out", certFile], { stdio: "pipe" });
  const cert = readFileSync(certFile, "utf8");
  const key = readFileSync(keyFile, "utf8");
  writeFileSync(bothFile, cert + key, { mode: 0o600 });
  return { certFile, keyFile, bothFile, cert, key };
}
