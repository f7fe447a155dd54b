/**
 * The egress process of this executor: it may open connections, and write the directory of the sockets. What the system reads for names and
 * certificates (hosts file, resolver's settings, `NODE_EXTRA_CA_CERTS`) is read below JavaScript, which Node's permissions do not hold.
 */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { entryFile } from "@nano/service-kit/entry-file";
import type { EgressSettings } from "../egress/egress-config.ts";
import type { EgressCounts } from "../egress/egress-counters.ts";
import { LinkedProcess, type LinkedProcessOptions } from "./linked-process.ts";
import { linkedArguments } from "./worker-permissions.ts";

const EGRESS_ENTRY = new URL("../egress/egress.main.ts", import.meta.url);
const EGRESS_POOL_THREADS = 16;

export type EgressProcess = LinkedProcess<EgressSettings, EgressCounts>;

export function createEgressProcess(
  options: Pick<LinkedProcessOptions<EgressSettings>, "socketPath" | "settings" | "logger" | "onReady">,
): EgressProcess {
  return new LinkedProcess({
    ...options,
    peer: "egress",
    entry: fileURLToPath(entryFile(EGRESS_ENTRY)),
    env: egressEnvironment(),
    execArgv: linkedArguments([dirname(options.socketPath)]),
    descriptorCount: options.settings.connectionsCount + options.settings.socketsCount,
  });
}

/** Name look-ups and decoding share libuv's pool, whose size can only be set from outside; certificates are the operator's. */
function egressEnvironment(): NodeJS.ProcessEnv {
  const kept = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"].map((name) => [name, process.env[name]] as const);
  return {
    UV_THREADPOOL_SIZE: String(EGRESS_POOL_THREADS),
    ...Object.fromEntries(kept.filter(([, value]) => value !== undefined)),
  };
}
