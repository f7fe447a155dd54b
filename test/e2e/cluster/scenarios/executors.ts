/** What happens to executors: one dies, is cut off, joins, leaves. */
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@nano/test-kit/eventually";
import type { Cluster } from "../cluster.ts";
import type { StepOptions } from "../step.ts";

/** Until both ends of a link have found out that the other is silent. */
const NOTICED_WITHIN_MS = 30_000;
/** How long a host stays cut off once all have noticed. */
const CUT_MS = 2_000;

export function executorKilled(cluster: Cluster): StepOptions {
  return {
    name: "executor killed",
    async disturb({ recovered }) {
      const executor = await cluster.busiestExecutor();
      executor.kill();
      await executor.exited;
      await executor.start(cluster.root);
      await cluster.settled();
      recovered();
    },
  };
}

/** A deploy while it is cut off is acknowledged, and is served by all once it is back. */
export function executorPartitioned(cluster: Cluster): StepOptions {
  return {
    name: "executor cut off, healed",
    async disturb({ recovered }) {
      const { spec } = await cluster.busiestExecutor();
      spec.host.cut();
      const others = cluster.executors.filter(({ isRunning }) => isRunning).length - 1;
      for (const router of cluster.routers) {
        const isNoticed = async (): Promise<boolean> => (await router.metric("router_links_count")) === others;
        await eventually(isNoticed, { timeoutMs: NOTICED_WITHIN_MS });
      }
      recovered();
      await cluster.deploys.say("cut", "deployed while an executor was cut off");
      await delay(CUT_MS);
      spec.host.heal();
      await cluster.settled();
    },
  };
}

export function executorAdded(cluster: Cluster): StepOptions {
  return {
    name: "executor added",
    async disturb({ recovered }) {
      await cluster.addExecutor().start(cluster.root);
      await cluster.settled();
      recovered();
    },
  };
}

/** Told to end, it finishes what it has, streams too. */
export function executorDrained(cluster: Cluster): StepOptions {
  return {
    name: "executor drained",
    async disturb({ recovered }) {
      await (await cluster.busiestExecutor()).stop();
      await cluster.settled();
      recovered();
    },
  };
}
