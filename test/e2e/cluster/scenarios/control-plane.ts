/** What happens to routers, registry, builder and storage: they die, are restarted, are away. */

import { setTimeout as delay } from "node:timers/promises";
import { burnSource } from "@nano/test-kit/burn-source";
import { eventually } from "@nano/test-kit/eventually";
import type { Cluster } from "../cluster.ts";
import { appThatSays } from "../deploys.ts";
import type { Service } from "../service.ts";
import type { StepOptions } from "../step.ts";

/** How long a part stays away. */
const AWAY_MS = 2_000;

/** An app whose top level takes its time, so that its build can be met half done: V8 optimises nothing while a heap is made, which takes thirty times as long. */
function slowApp(text: string): string {
  return `${burnSource()} burn(100);\n${appThatSays(text)}`;
}

async function killAndRestart(cluster: Cluster, service: Service): Promise<void> {
  service.kill();
  await service.exited;
  await service.start(cluster.root);
}

export function routerKilled(cluster: Cluster): StepOptions {
  return {
    name: "router killed",
    async disturb({ recovered }) {
      const [router] = cluster.routers;
      if (router === undefined) throw new Error("No router runs");
      await killAndRestart(cluster, router);
      await cluster.settled();
      recovered();
    },
  };
}

/** Killed while it waits for the build: nanoctl goes on with the next one. */
export function registryKilledMidDeploy(cluster: Cluster): StepOptions {
  return {
    name: "registry killed mid-deploy",
    async disturb({ recovered }) {
      const deploying = cluster.deploys.say("registry-killed", "deployed while the registry was killed");
      deploying.catch(() => undefined);
      await eventually(async () => (await cluster.registry.metric("registry_builds_running_count")) > 0);
      await killAndRestart(cluster, cluster.registry);
      await deploying;
      recovered();
    },
  };
}

export function builderKilledMidBuild(cluster: Cluster): StepOptions {
  return {
    name: "builder killed mid-build",
    async disturb({ recovered }) {
      const source = slowApp("built in spite of it");
      const deploying = cluster.deploys.deploy({ name: "builder-killed", source });
      deploying.catch(() => undefined);
      await eventually(async () => (await cluster.registry.metric("registry_builds_running_count")) > 0);
      // It has taken the job, and is about its first step.
      await delay(AWAY_MS / 2);
      await killAndRestart(cluster, cluster.builder);
      await deploying;
      recovered();
    },
  };
}

/** What artifacts are kept in is gone for a while: what is in the nodes' caches is served, and a deploy is acknowledged once it is back. */
export function storageAway(cluster: Cluster): StepOptions {
  return {
    name: `storage away (${cluster.storage.name})`,
    async disturb({ recovered }) {
      await cluster.storage.stop();
      try {
        await delay(AWAY_MS);
      } finally {
        await cluster.storage.start();
      }
      await cluster.deploys.say("storage", "deployed after the storage was away");
      recovered();
    },
  };
}

/** Told to end and started anew, one after the other, as an upgrade does. */
export function allRestarted(
  cluster: Cluster,
  { name = "all restarted in turn", root = cluster.root } = {},
): StepOptions {
  return {
    name,
    hasStreamsThroughout: true,
    async disturb({ recovered }) {
      for (const service of cluster.services.filter(({ isRunning }) => isRunning)) {
        await service.stop();
        await service.start(root);
        await cluster.settled();
      }
      recovered();
    },
  };
}
