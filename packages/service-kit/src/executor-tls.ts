/** TLS towards executors, for every service that dials them: its settings, and what they lead to. */
import { optional, text } from "./config-field.ts";
import type { Logger } from "./logger.ts";
import { TlsFiles, type TlsMaterial } from "./tls-files.ts";

export const executorTlsShape = {
  tlsCaFile: optional(
    text({ doc: "certificates that executors' are checked by, PEM; unset: executors that want TLS are not reached" }),
  ),
  tlsCertFile: optional(text({ doc: "certificate to show to executors that ask for one, PEM" })),
  tlsKeyFile: optional(text({ doc: "its key, PEM" })),
  tlsServerName: text({ doc: "name that executors' certificates must have", default: "executor.nano" }),
};

export interface ExecutorTlsSettings {
  readonly tlsCaFile: string | null;
  readonly tlsCertFile: string | null;
  readonly tlsKeyFile: string | null;
  readonly tlsServerName: string;
}

/** As `DialLinkOptions.tls` of `packages/link` takes it. */
export type ExecutorTls = () => TlsMaterial & { readonly serverName: string };

/** Undefined: executors are dialled without TLS alone. @throws KIT_TLS_UNUSABLE */
export function openExecutorTls(settings: ExecutorTlsSettings, logger: Logger): ExecutorTls | undefined {
  const { tlsCaFile: caFile, tlsCertFile: certFile, tlsKeyFile: keyFile, tlsServerName: serverName } = settings;
  if (caFile === null) return undefined;
  const files = new TlsFiles({
    paths: { caFile, certFile, keyFile },
    onFailure: (err) => logger.error("certificates for executors cannot be used, the known ones stay", { err }),
  });
  return () => ({ ...files.current, serverName });
}
