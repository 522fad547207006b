import { createPrivateKey, X509Certificate } from "node:crypto";
import { resolve } from "node:path";

import type { Issue, Path } from "./problem.ts";
import { list, record } from "./tree.ts";

/** PEM text, and the file that it was read from unless it was given as text. */
export interface Material {
  readonly text: string;
  readonly file?: string;
}

/** How files that a configuration names are found and read. */
export interface FileAccess {
  /** What relative paths are relative to. */
  readonly folder: string;
  /** Gives a file's text; throws an error with a `code` such as `ENOENT`. */
  readonly readFile: (path: string) => string;
}

/** Material by what was written for it: a path or PEM text. */
export type Materials = ReadonlyMap<string, Material>;

const PEM_OPENING = "-----BEGIN ";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "it may not be read by this user",
  EISDIR: "it is a folder",
};

/** Reads every certificate, key and authority that a configuration names, and checks that they are such and fit. */
export function readMaterials(input: unknown, files: FileAccess): { materials: Materials; issues: Issue[] } {
  const materials = new Map<string, Material>();
  const issues: Issue[] = [];
  const read = (written: unknown, path: Path): string | undefined => {
    if (typeof written !== "string" || written === "") return undefined;
    const material = materials.get(written) ?? readMaterial(written, path, files, issues);
    if (material !== undefined) materials.set(written, material);
    return material?.text;
  };
  for (const [certificate, path] of certificatesOf(record(input))) {
    const cert = read(certificate["cert"], [...path, "cert"]);
    const key = read(certificate["key"], [...path, "key"]);
    issues.push(...pairIssues(cert, key, path));
  }
  for (const [name, pool] of Object.entries(record(record(input)["pools"]))) {
    const path = ["pools", name, "tls", "ca"];
    const ca = read(record(record(pool)["tls"])["ca"], path);
    if (ca !== undefined && certificateOf(ca) === undefined) issues.push({ path, message: NOT_A_CERTIFICATE });
  }
  return { materials, issues };
}

const NOT_A_CERTIFICATE = 'this holds no PEM certificate; one begins with "-----BEGIN CERTIFICATE-----"';

function certificatesOf(root: Record<string, unknown>): [Record<string, unknown>, Path][] {
  const listeners = Array.isArray(root["listen"]) ? list(root["listen"]) : [root["listen"]];
  return listeners.flatMap((listener, index) =>
    list(record(record(listener)["tls"])["certificates"]).map(
      (certificate, position): [Record<string, unknown>, Path] => [
        record(certificate),
        ["listen", index, "tls", "certificates", position],
      ],
    ),
  );
}

function readMaterial(written: string, path: Path, files: FileAccess, issues: Issue[]): Material | undefined {
  if (written.includes(PEM_OPENING)) return { text: written };
  const file = resolve(files.folder, written);
  try {
    return { text: files.readFile(file), file };
  } catch (error) {
    issues.push({ path, message: `${file} cannot be read: ${whyUnreadable(error)}; name a PEM file` });
    return undefined;
  }
}

/** Why a file could not be read, in words. */
export function whyUnreadable(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}

function pairIssues(cert: string | undefined, key: string | undefined, path: Path): Issue[] {
  const certificate = cert === undefined ? undefined : certificateOf(cert);
  const privateKey = key === undefined ? undefined : privateKeyOf(key);
  const issues: Issue[] = [];
  if (cert !== undefined && certificate === undefined) {
    issues.push({ path: [...path, "cert"], message: NOT_A_CERTIFICATE });
  }
  if (key !== undefined && privateKey === undefined) {
    const message = 'this holds no PEM private key without a passphrase; one begins with "-----BEGIN PRIVATE KEY-----"';
    issues.push({ path: [...path, "key"], message });
  }
  if (certificate !== undefined && privateKey !== undefined && !certificate.checkPrivateKey(privateKey)) {
    issues.push({
      path: [...path, "key"],
      message: "this key is not the one of its certificate; name the one it was made with",
    });
  }
  return issues;
}

function certificateOf(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function privateKeyOf(pem: string): ReturnType<typeof createPrivateKey> | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
