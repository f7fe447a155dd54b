/**
 * The certificates that clients are shown, by the name that they ask for.
 *
 * I1 A change replaces the whole table by one reference; connections keep what they began with.
 * I2 A pair that cannot be used leaves the one before it in place, and is said once for each change of its files.
 */
import type { SecureContext } from "node:tls";
import type { Logger } from "@nano/service-kit/logger";
import { errors } from "../errors.ts";
import type { CertificateSource } from "../request/client-server.ts";
import { type Certificate, listPairs, loadCertificate, type PairFiles } from "./load-certificates.ts";

/** The pair for clients that name no server, and for names that no certificate has. */
const FALLBACK_NAME = "default";

export interface CertificateStoreOptions {
  readonly directory: string;
  readonly logger: Logger;
  onReload(outcome: "loaded" | "failed"): void;
}

export class CertificateStore implements CertificateSource {
  readonly #options: CertificateStoreOptions;
  #certificates: ReadonlyMap<string, Certificate> = new Map();
  #byServerName: ReadonlyMap<string, Certificate> = new Map();
  #fallback: Certificate | null = null;
  /** Fingerprints of what could not be used, by name. */
  #failed: ReadonlyMap<string, string> = new Map();
  #isDirectoryLost = false;

  /** @throws ROUTER_NO_CERTIFICATE where none can be used: a router that serves nobody should say so at its start */
  constructor(options: CertificateStoreOptions) {
    this.#options = options;
    let why = "there is none";
    this.#reload((_name, error) => {
      why = error instanceof Error ? error.message : String(error);
    });
    if (this.#certificates.size === 0) throw errors.NO_CERTIFICATE({ directory: options.directory, why });
  }

  get fallback(): CertificateSource["fallback"] {
    return this.#fallback === null ? null : { cert: this.#fallback.cert, key: this.#fallback.key };
  }

  /** The earliest end of what is shown now, by the wall clock. */
  get earliestExpiryMs(): number {
    return Math.min(...[...this.#certificates.values()].map(({ expiresAtMs }) => expiresAtMs));
  }

  contextFor(serverName: string): SecureContext | null {
    const name = serverName.toLowerCase();
    const certificate =
      this.#byServerName.get(name) ?? this.#byServerName.get(`*${name.slice(name.indexOf("."))}`) ?? this.#fallback;
    return certificate?.context ?? null;
  }

  /** Looks at the files. @returns whether clients are shown something else from now on */
  reload(): boolean {
    return this.#reload(() => {});
  }

  #reload(onFailure: (name: string, error: unknown) => void): boolean {
    const { directory, logger } = this.#options;
    let pairs: PairFiles[];
    try {
      pairs = listPairs(directory);
      this.#isDirectoryLost = false;
    } catch (err) {
      onFailure(directory, err);
      if (!this.#isDirectoryLost)
        logger.error("certificates cannot be looked at, the known ones stay", { directory, err });
      this.#isDirectoryLost = true;
      return false;
    }
    const certificates = new Map<string, Certificate>();
    const failed = new Map<string, string>();
    let isChanged = false;
    for (const pair of pairs) {
      const known = this.#certificates.get(pair.name);
      if (known !== undefined) certificates.set(pair.name, known);
      if (known?.fingerprint === pair.fingerprint) continue;
      try {
        if (this.#failed.get(pair.name) === pair.fingerprint) failed.set(pair.name, pair.fingerprint);
        else {
          certificates.set(pair.name, loadCertificate(directory, pair));
          isChanged = true;
        }
      } catch (err) {
        failed.set(pair.name, pair.fingerprint);
        onFailure(pair.name, err);
        this.#options.onReload("failed");
        logger.error("certificate cannot be used", { name: pair.name, isOldKept: known !== undefined, err });
      }
    }
    this.#failed = failed;
    const isRemoved = [...this.#certificates.keys()].some((name) => !certificates.has(name));
    if (!isChanged && !isRemoved) return false;
    if (certificates.size === 0) {
      logger.error("certificates are gone, the known ones stay", { directory });
      return false;
    }
    this.#use(certificates);
    this.#options.onReload("loaded");
    logger.info("certificates are loaded", { certificateCount: certificates.size, failedCount: failed.size });
    return true;
  }

  #use(certificates: ReadonlyMap<string, Certificate>): void {
    const byServerName = new Map<string, Certificate>();
    for (const certificate of certificates.values()) {
      for (const serverName of certificate.serverNames) {
        const known = byServerName.get(serverName);
        // Of two for one name the one that lasts longer: a renewed one may come under another file name.
        if (known === undefined || known.expiresAtMs < certificate.expiresAtMs)
          byServerName.set(serverName, certificate);
      }
    }
    const only = certificates.size === 1 ? certificates.values().next().value : undefined;
    this.#fallback = certificates.get(FALLBACK_NAME) ?? only ?? null;
    this.#byServerName = byServerName;
    this.#certificates = certificates;
  }
}
