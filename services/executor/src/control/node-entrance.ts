/** The one port of a node, where it has one: routers come to its workers and its supervisor by the credential that they show. */
import type { Socket } from "node:net";
import type { ConfigFor } from "@nano/service-kit/config";
import type { Logger } from "@nano/service-kit/logger";
import { TlsFiles } from "@nano/service-kit/tls-files";
import type { config } from "../config.ts";
import { Entrance, type EntranceRefusal } from "./entrance.ts";
import { relay } from "./relay.ts";
import type { WorkerProcess } from "./worker-process.ts";

export interface NodeEntranceOptions {
  readonly config: ConfigFor<typeof config>["listen"];
  readonly logger: Logger;
  /** All that routers may dial. */
  workers(): Iterable<WorkerProcess>;
  /** @param received what was read of it already */
  acceptSupervisor(socket: Socket, received: Buffer): void;
  onRefused(cause: EntranceRefusal): void;
}

/** Null: routers come over Unix sockets. */
export function createNodeEntrance(options: NodeEntranceOptions): Entrance | null {
  const { logger, workers, acceptSupervisor, onRefused } = options;
  const { address, maxGreetingCount, tlsCertFile: certFile, tlsKeyFile: keyFile, tlsClientCaFile } = options.config;
  if (address === null) return null;
  const tls =
    certFile === null && keyFile === null
      ? null
      : new TlsFiles({
          paths: { certFile, keyFile, caFile: tlsClientCaFile },
          onFailure: (err) => logger.error("certificate for routers cannot be used, the known one stays", { err }),
        });
  return new Entrance({
    address,
    maxGreetingCount,
    tls,
    *receivers() {
      for (const worker of workers()) {
        const { credential, address: workerAddress } = worker.endpoint;
        const receive = (socket: Socket, received: Buffer): void =>
          tls === null ? worker.handOver(socket, received) : relay(socket, received, workerAddress);
        yield { credential, receive };
      }
    },
    supervisor: { receive: acceptSupervisor },
    onRefused,
  });
}
