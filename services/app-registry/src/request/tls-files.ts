/** Certificate and key of the API, looked at again so that renewed ones are taken up. */
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import type { Logger } from "@nano/service-kit/logger";
import type { SecretFile } from "@nano/service-kit/secret-file";
import { errors } from "../errors.ts";

const LOOK_EVERY_MS = 30_000;

export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

export interface TlsFiles {
  /** @throws REGISTRY_TLS_UNUSABLE, KIT_SECRET_UNREADABLE */
  read(): TlsPair;
  /** Tells of each pair that is not as the one before and can be used. Answers how to stop. */
  watch(onChange: (pair: TlsPair) => void): () => void;
}

export interface TlsSettings {
  readonly certFile: string | null;
  readonly key: SecretFile | null;
}

/** Null where neither is set. @throws REGISTRY_TLS_INCOMPLETE */
export function createTlsFiles(
  { certFile, key }: TlsSettings,
  { logger, everyMs = LOOK_EVERY_MS }: { readonly logger: Logger; readonly everyMs?: number },
): TlsFiles | null {
  if (certFile === null && key === null) return null;
  if (certFile === null) throw errors.TLS_INCOMPLETE({ found: "http.tls.key", missing: "http.tls.certFile" });
  if (key === null) throw errors.TLS_INCOMPLETE({ found: "http.tls.certFile", missing: "http.tls.key" });
  const read = (): TlsPair => {
    try {
      const pair = { cert: readFileSync(certFile, "utf8"), key: key.read() };
      createSecureContext(pair);
      return pair;
    } catch (cause) {
      throw errors.TLS_UNUSABLE({ path: certFile, why: cause instanceof Error ? cause.message : String(cause) }, cause);
    }
  };
  return {
    read,
    watch(onChange) {
      let last = read();
      const timer = setInterval(() => {
        try {
          const pair = read();
          if (pair.cert === last.cert && pair.key === last.key) return;
          last = pair;
          onChange(pair);
          logger.info("certificate taken up", { path: certFile });
        } catch (err) {
          // Half of a pair is there while it is being replaced: the last good one serves.
          logger.warn("certificate not taken up", { err });
        }
      }, everyMs);
      timer.unref();
      return () => clearInterval(timer);
    },
  };
}
