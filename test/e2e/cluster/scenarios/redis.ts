/** What happens to Redis: it dies, drops its connections, is restored from a backup. Routers and executors serve what they know meanwhile. */

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@nano/test-kit/eventually";
import type { Cluster } from "../cluster.ts";
import { appThatSays } from "../deploys.ts";
import type { StepOptions } from "../step.ts";

const AWAY_MS = 3_000;

export function redisKilled(cluster: Cluster): StepOptions {
  return {
    name: "Redis killed, restarted",
    async disturb({ recovered }) {
      await cluster.deploys.say("redis-killed", "acknowledged before Redis was killed");
      // `appendfsync everysec`: what is younger may be lost with its host. A process that is killed leaves what it wrote to the kernel.
      await cluster.redis.master.stop("SIGKILL");
      await delay(AWAY_MS);
      await cluster.redis.master.start();
      await cluster.settled();
      await cluster.deploys.say("redis-back", "acknowledged after Redis was back");
      recovered();
    },
  };
}

export function redisConnectionsLost(cluster: Cluster): StepOptions {
  return {
    name: "Redis connections lost",
    async disturb({ recovered }) {
      const deploying = cluster.deploys.say("connections", "deployed while connections were lost");
      deploying.catch(() => undefined);
      for (let i = 0; i < 5; i++) {
        for (const type of ["normal", "pubsub"]) command(cluster, "CLIENT", "KILL", "TYPE", type, "SKIPME", "yes");
        await delay(AWAY_MS / 10);
      }
      await deploying;
      await cluster.settled();
      recovered();
    },
  };
}

/** A backup is taken, more is deployed, the disk is lost, the backup put in its place: what was deployed after it is gone, and no more than that. */
export function redisRestored(cluster: Cluster): StepOptions {
  return {
    name: "Redis restored from a backup",
    async disturb({ recovered }) {
      const { master } = cluster.redis;
      const { directory } = master.options;
      const backup = join(cluster.directory, "backup.rdb");
      await cluster.deploys.say("backed-up", "acknowledged before the backup");
      command(cluster, "SAVE");
      copyFileSync(join(directory, "dump.rdb"), backup);
      const afterIt = await cluster.deploys.deploy({ name: "after-backup", source: appThatSays("younger") });
      await cluster.redis.master.stop("SIGKILL");
      rmSync(join(directory, "appendonlydir"), { recursive: true });
      restoreAppendOnly(directory, backup);
      await cluster.redis.master.start();
      await cluster.settled();
      const listApps = async (): Promise<readonly string[]> => {
        const { apps } = await cluster.nanoctl.run<{ apps: readonly { name: string }[] }>(["apps"]);
        return apps.map(({ name }) => name);
      };
      // The registry answers what it knew until it has read the new epoch.
      await eventually(async () => !(await listApps()).includes(afterIt.app));
      const names = await listApps();
      if (!names.includes("backed-up")) throw new Error(`An app of the backup is gone: ${names.join(", ")}`);
      recovered();
    },
  };
}

/** With `appendonly yes` Redis reads its append-only files and no dump: the dump becomes the base of new ones. */
function restoreAppendOnly(directory: string, dump: string): void {
  const files = join(directory, "appendonlydir");
  const base = "appendonly.aof.1.base.rdb";
  mkdirSync(files);
  copyFileSync(dump, join(files, base));
  writeFileSync(join(files, "appendonly.aof.manifest"), `file ${base} seq 1 type b\n`);
}

/** As an operator gives it. */
export function command({ redis }: Cluster, ...args: string[]): string {
  return execFileSync("redis-cli", ["-s", redis.master.socketPath, ...args], { encoding: "utf8" });
}

/** The master dies, its replica is promoted by the Sentinels, and what was acknowledged is there; the old master comes back as its replica. */
export function redisFailedOver(cluster: Cluster): StepOptions {
  return {
    name: "Redis failed over to its replica",
    async disturb({ recovered }) {
      const { redis, deploys } = cluster;
      await deploys.say("failover", "acknowledged before the master died");
      await redis.master.stop("SIGKILL");
      await redis.promoted();
      const old = redis.master;
      await old.start();
      // Acknowledged once the replica has it: once the old master is one.
      await deploys.say("promoted", "acknowledged by the new master");
      await cluster.settled();
      recovered();
    },
  };
}
