/** The executor: its supervisor. Worker and egress processes are started from here. */
import { openControlStore } from "@nano/control-store/open-control-store";
import { engineFingerprint } from "@nano/isolate/engine";
import { canLimitNode } from "@nano/service-kit/limited-node";
import { runService } from "@nano/service-kit/run-service";
import { config } from "./config.ts";
import { Supervisor } from "./control/supervisor.ts";
import { hasNetPermission } from "./control/worker-permissions.ts";

await runService({
  name: "executor",
  config,
  async start({ config, logger, metrics, writeLine }) {
    if (!hasNetPermission()) {
      logger.warn("a wall is missing: this Node cannot keep workers from opening sockets, run NANO on Node 26", {
        node: process.version,
      });
    }
    if (!canLimitNode()) {
      logger.warn(
        "a wall is missing: without /bin/sh workers may leave core dumps, and have no ceiling on descriptors",
      );
    }
    const supervisor = await Supervisor.open({
      config,
      engine: engineFingerprint(),
      store: await openControlStore(config.controlStore),
      logger,
      metrics,
      writeAppLine: writeLine,
    });
    return {
      addresses: supervisor.address === null ? {} : { link: supervisor.address },
      close: (deadline) => supervisor.close(deadline),
      readiness: () => supervisor.readiness,
    };
  },
});
