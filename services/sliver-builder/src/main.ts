/** The sliver builder: takes build jobs, makes slivers in disposable processes, publishes them. */
import { openBuildQueue } from "@nano/control-store/open-build-queue";
import type { ConfigFor } from "@nano/service-kit/config";
import { canLimitNode } from "@nano/service-kit/limited-node";
import { type RunningService, runService, type ServiceContext } from "@nano/service-kit/run-service";
import { openSliverStore } from "@nano/sliver/open-sliver-store";
import { loadOrCreateSigningKey, trustKey } from "@nano/sliver/signing-key";
import { BUILD_STEPS, BuildChildren } from "./build/build-children.ts";
import { config } from "./config.ts";
import { takeBuilds } from "./control/take-builds.ts";

type Config = ConfigFor<typeof config>;

async function start({ config, logger, metrics, fail }: ServiceContext<Config>): Promise<RunningService> {
  if (!canLimitNode()) logger.warn("a wall is missing: without /bin/sh build children may leave core dumps");
  const signingKey = await loadOrCreateSigningKey(config.signing.keyFile);
  if (config.trustedKeys.directory !== null) await trustKey(config.trustedKeys.directory, signingKey);
  const store = await openSliverStore(config.store, { metrics });
  // Not waited for: in a bucket it is a long list, and a builder starts while its store is away.
  store
    .sweepTemporaries(Date.now())
    .catch((err: unknown) => logger.warn("what dead writers left in the store is not swept", { err }));
  const queue = await openBuildQueue(config.controlStore);
  const children = new BuildChildren({ spareCount: BUILD_STEPS });
  const ending = new AbortController();
  const { concurrencyCount, ...limits } = config.build;
  const taking = takeBuilds(
    { queue, store, children, signingKey, limits, concurrencyCount, logger, metrics },
    ending.signal,
  ).catch(fail);
  logger.info("ready to build", { keyId: signingKey.keyId });
  return {
    async close() {
      ending.abort();
      await children.close();
      await taking;
      await queue.close();
    },
  };
}

await runService({ name: "sliver-builder", config, start });
