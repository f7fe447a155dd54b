/** From the previous commit's build to this one and back, so that each meets the other: router N with workers N−1, and the other way round. */
import type { Cluster } from "../cluster.ts";
import type { Service } from "../service.ts";
import type { StepOptions } from "../step.ts";

export function restartedBetweenBuilds(cluster: Cluster, previousRoot: string): StepOptions {
  const restart = async (services: readonly Service[], root: string): Promise<void> => {
    for (const service of services.filter(({ isRunning }) => isRunning)) {
      await service.stop();
      await service.start(root);
      await cluster.settled();
    }
  };
  return {
    name: "restarted to the previous build, and back",
    async disturb({ recovered }) {
      const { routers, executors, registry, builder, root, deploys } = cluster;
      await restart(routers, previousRoot);
      await deploys.say("older-routers", "deployed with older routers");
      await restart([registry, builder, ...executors], previousRoot);
      await deploys.say("older", "deployed on the previous build");
      await restart([registry, builder, ...routers], root);
      await deploys.say("older-executors", "deployed with older executors");
      await restart(executors, root);
      recovered();
    },
  };
}
