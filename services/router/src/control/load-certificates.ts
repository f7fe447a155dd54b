/** Reads certificates and their keys from a directory: `NAME.crt` with `NAME.key`, there and in its folders. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { createSecureContext, type SecureContext } from "node:tls";

const CERTIFICATE_SUFFIX = ".crt";
const KEY_SUFFIX = ".key";
/** Pairs that are read; more are a mistake. */
const MAX_PAIR_COUNT = 10_000;
const MAX_FILE_BYTES = 1024 * 1024;

/** Two files that belong together. */
export interface PairFiles {
  /** Path without suffix, as the directory names it. */
  readonly name: string;
  /** Changes when either file does. */
  readonly fingerprint: string;
}

export interface Certificate {
  readonly name: string;
  readonly fingerprint: string;
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly context: SecureContext;
  /** Lower case; `*.` and a host stands for its direct subdomains. */
  readonly serverNames: readonly string[];
  readonly expiresAtMs: number;
}

/** The pairs that are there now. @throws of the file system where the directory cannot be read */
export function listPairs(directory: string): PairFiles[] {
  const pairs: PairFiles[] = [];
  // Kubernetes keeps what it mounts in folders whose names begin with two dots, and links to them.
  const names = readdirSync(directory).filter((name) => !name.startsWith("."));
  const folders = [
    "",
    ...names.filter((name) => statSync(join(directory, name), { throwIfNoEntry: false })?.isDirectory()),
  ];
  for (const folder of folders.sort()) {
    const files = folder === "" ? names : readdirSync(join(directory, folder));
    for (const file of files.sort()) {
      if (!file.endsWith(CERTIFICATE_SUFFIX) || pairs.length >= MAX_PAIR_COUNT) continue;
      const name = join(folder, file.slice(0, -CERTIFICATE_SUFFIX.length));
      pairs.push({ name, fingerprint: fingerprintOf(join(directory, name)) });
    }
  }
  return pairs;
}

function fingerprintOf(path: string): string {
  return [CERTIFICATE_SUFFIX, KEY_SUFFIX]
    .map((suffix) => {
      const stat = statSync(path + suffix, { throwIfNoEntry: false, bigint: true });
      return stat === undefined ? "absent" : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
    })
    .join(", ");
}

/** Reads a pair. @throws where the files cannot be read, are no certificate and key, or do not belong together */
export function loadCertificate(directory: string, { name, fingerprint }: PairFiles): Certificate {
  const cert = readSmallFile(join(directory, name + CERTIFICATE_SUFFIX));
  const key = readSmallFile(join(directory, name + KEY_SUFFIX));
  const parsed = new X509Certificate(cert);
  if (!parsed.checkPrivateKey(createPrivateKey(key))) throw new Error("the key is not the certificate's");
  return {
    name,
    fingerprint,
    cert,
    key,
    context: createSecureContext({ cert, key, minVersion: "TLSv1.2" }),
    serverNames: serverNamesOf(parsed),
    expiresAtMs: Date.parse(parsed.validTo),
  };
}

function readSmallFile(path: string): Buffer {
  const { size } = statSync(path);
  if (size > MAX_FILE_BYTES) throw new Error(`${path} has ${size} bytes, at most ${MAX_FILE_BYTES}`);
  return readFileSync(path);
}

function serverNamesOf({ subjectAltName }: X509Certificate): string[] {
  const entries = subjectAltName?.split(", ") ?? [];
  return entries.flatMap((entry) => (entry.startsWith("DNS:") ? [entry.slice("DNS:".length).toLowerCase()] : []));
}
