/**
 * Certificates of a service for its peers: files that are read again when they change.
 *
 * I1 Files that cannot be used leave what was read before in place, and are told once for each change of them.
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { errors } from "./errors.ts";

/** How often files are looked at, at most. */
export const TLS_LOOK_INTERVAL_MS = 10_000;
const MAX_FILE_BYTES = 1024 * 1024;

export interface TlsFilePaths {
  /** Certificate chain and its key; both or none. */
  readonly certFile: string | null;
  readonly keyFile: string | null;
  /** Whom to trust. */
  readonly caFile: string | null;
}

/** As `node:tls` takes it. */
export interface TlsMaterial {
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly ca?: Buffer;
}

export interface TlsFilesOptions {
  readonly paths: TlsFilePaths;
  /** Files changed and cannot be used. */
  onFailure(error: unknown): void;
  /** @default TLS_LOOK_INTERVAL_MS */
  readonly lookIntervalMs?: number;
}

export class TlsFiles {
  readonly #options: TlsFilesOptions;
  #material: TlsMaterial;
  #fingerprint: string;
  #lookedMs = performance.now();

  /** @throws KIT_TLS_UNUSABLE where the files cannot be used: a service that reaches nobody should say so at its start */
  constructor(options: TlsFilesOptions) {
    this.#options = options;
    this.#fingerprint = fingerprintOf(options.paths);
    this.#material = load(options.paths);
  }

  /** What the files hold; looks at them again where that is `lookIntervalMs` ago. */
  get current(): TlsMaterial {
    const { lookIntervalMs = TLS_LOOK_INTERVAL_MS } = this.#options;
    if (performance.now() - this.#lookedMs >= lookIntervalMs) this.reload();
    return this.#material;
  }

  /** Looks at the files now. Answers whether `current` has changed. */
  reload(): boolean {
    const { paths, onFailure } = this.#options;
    this.#lookedMs = performance.now();
    const fingerprint = fingerprintOf(paths);
    if (fingerprint === this.#fingerprint) return false;
    this.#fingerprint = fingerprint;
    try {
      this.#material = load(paths);
      return true;
    } catch (error) {
      onFailure(error);
      return false;
    }
  }
}

function load({ certFile, keyFile, caFile }: TlsFilePaths): TlsMaterial {
  if ((certFile === null) !== (keyFile === null)) {
    throw errors.TLS_UNUSABLE({ path: certFile ?? keyFile ?? "", why: "a certificate and its key come together" });
  }
  const ca = caFile === null ? {} : { ca: read(caFile) };
  if (certFile === null || keyFile === null) return ca;
  const [cert, key] = [read(certFile), read(keyFile)];
  try {
    const isPair = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
    if (isPair) return { ...ca, cert, key };
  } catch (cause) {
    throw errors.TLS_UNUSABLE({ path: certFile, why: "it is no certificate, or its key is none" }, cause);
  }
  throw errors.TLS_UNUSABLE({ path: certFile, why: "the key is not the certificate's" });
}

function read(path: string): Buffer {
  try {
    const { size } = statSync(path);
    if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes, at most ${MAX_FILE_BYTES}`);
    return readFileSync(path);
  } catch (cause) {
    throw errors.TLS_UNUSABLE({ path, why: cause instanceof Error ? cause.message : "it cannot be read" }, cause);
  }
}

function fingerprintOf(paths: TlsFilePaths): string {
  return Object.values(paths)
    .map((path: string | null) => {
      if (path === null) return "";
      const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
      return stat === undefined ? "absent" : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
    })
    .join(", ");
}
