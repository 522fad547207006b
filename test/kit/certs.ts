import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate and its key, as files and as text. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

let folder: string | undefined;

const workFolder = (): string => {
  if (folder !== undefined) return folder;
  const made = mkdtempSync(join(tmpdir(), "fairlead-certs-"));
  process.once("exit", () => rmSync(made, { recursive: true, force: true }));
  folder = made;
  return made;
};

const openssl = (args: readonly string[]): void => {
  execFileSync("openssl", [...args], { cwd: workFolder(), stdio: "pipe" });
};

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

const issued = (name: string): Certificate => {
  const certFile = join(workFolder(), `${name}.pem`);
  const keyFile = join(workFolder(), `${name}.key`);
  return { certFile, keyFile, cert: readFileSync(certFile, "utf8"), key: readFileSync(keyFile, "utf8") };
};

const made = new Map<string, Certificate>();

const once = (name: string, make: () => void): Certificate => {
  const known = made.get(name);
  if (known !== undefined) return known;
  make();
  const certificate = issued(name);
  made.set(name, certificate);
  return certificate;
};

/** The authority that signs the other certificates; made once per process. */
export const authority = (name = "ca"): Certificate =>
  once(name, () => {
    const subject = `/CN=fairlead tests ${name}`;
    openssl([
      "req",
      "-x509",
      ...NEW_KEY,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.pem`,
      "-days",
      "30",
      "-subj",
      subject,
    ]);
  });

/** A server's certificate for DNS names and IP addresses, signed by the authority. */
export const certificateFor = (hosts: readonly string[], ca = "ca"): Certificate => {
  const name = `${ca}-${hosts.join("-").replaceAll(/[^a-z0-9.-]/gi, "_")}`;
  return once(name, () => {
    authority(ca);
    const names = hosts.map((host) => (/^[\d.]+$|:/.test(host) ? `IP:${host}` : `DNS:${host}`)).join(",");
    writeFileSync(join(workFolder(), `${name}.ext`), `subjectAltName=${names}\nextendedKeyUsage=serverAuth\n`);
    openssl(["req", ...NEW_KEY, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${hosts[0] ?? name}`]);
    const signer = ["-CA", `${ca}.pem`, "-CAkey", `${ca}.key`, "-CAcreateserial"];
    openssl([
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      ...signer,
      "-days",
      "30",
      "-extfile",
      `${name}.ext`,
      "-out",
      `${name}.pem`,
    ]);
  });
};
