/** A whole cluster on this machine, as its services are: Redis, registry, builder, one executor reached over TCP, routers; a process each. */
import { type ChildProcess, fork } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleApp } from "@nano/bundle/bundle-app";
import { createRegistryClient } from "@nano/cli/registry/registry-client";
import type { AppName } from "@nano/protocol/brands";
import type { ManifestInput } from "@nano/protocol/manifest";
import type { ReadyMessage } from "@nano/service-kit/run-service";
import { eventually } from "@nano/test-kit/eventually";
import { RedisServer } from "@nano/test-kit/redis-server";
import { answerAll, endProcess, freePort } from "./processes.ts";

const APPEND_ONLY = ["--save", "", "--appendonly", "yes", "--appendfsync", "everysec"];
const SERVING_TIMEOUT_MS = 60_000;
const SERVICES = fileURLToPath(new URL("../../services/", import.meta.url));
const WORKER_COUNT = 2;

export interface ClusterApp {
  readonly name: string;
  /** The file of its module. */
  readonly entrypoint: string;
  readonly manifest?: ManifestInput;
}

export interface ClusterServices {
  /** Of each router, in the order of their start. */
  readonly routers: readonly { readonly port: number; readonly pid: number }[];
  readonly executorPid: number;
  readonly pids: readonly number[];
  close(): Promise<void>;
}

/** An app's host on every router. */
export function hostOfApp(name: string): string {
  return `${name}.localhost`;
}

class Service {
  readonly #child: ChildProcess;
  readonly #ready: Promise<ReadyMessage["addresses"]>;
  #output = "";

  constructor(name: string, env: Readonly<Record<string, string>>) {
    const child = fork(join(SERVICES, name, "src/main.ts"), [], {
      execArgv: [],
      env: { PATH: process.env.PATH ?? "", ...env },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (text: Buffer) => {
        this.#output = (this.#output + text.toString()).slice(-8_192);
      });
    }
    this.#ready = new Promise((resolve, reject) => {
      child.once("message", (message: ReadyMessage) => resolve(message.addresses));
      child.once("exit", () => reject(new Error(`${name} ended:\n${this.#output}`)));
    });
    this.#ready.catch(() => undefined);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Where it listens. @throws where it ends first */
  ready(): Promise<ReadyMessage["addresses"]> {
    return this.#ready;
  }

  async close(): Promise<void> {
    await endProcess(this.#child);
  }
}

export interface ClusterOptions {
  /** @default 1 */
  readonly routerCount?: number;
  /** @default WORKER_COUNT */
  readonly workerCount?: number;
}

/** Answers when all apps are served by all routers. */
export async function startCluster(
  directory: string,
  apps: readonly ClusterApp[],
  { routerCount = 1, workerCount = WORKER_COUNT }: ClusterOptions = {},
): Promise<ClusterServices> {
  const own = (name: string): string => {
    const path = join(directory, name);
    mkdirSync(path, { recursive: true });
    return path;
  };
  const redis = await new RedisServer({ directory: own("redis"), port: await freePort(), args: APPEND_ONLY }).start();
  const services: Service[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(services.map((service) => service.close()));
    await redis.stop();
  };
  const start = (name: string, prefix: string, env: Readonly<Record<string, string>>): Service => {
    const redisEnv = { [`${prefix}_CONTROL_STORE_REDIS_URLS`]: redis.url, [`${prefix}_ADMIN_ADDRESS`]: "127.0.0.1:0" };
    const service = new Service(name, { ...redisEnv, ...env });
    services.push(service);
    return service;
  };
  try {
    const artifacts = own("artifacts");
    const trusted = own("trusted");
    const socket = join(directory, "registry.sock");
    const registry = start("app-registry", "REGISTRY", {
      REGISTRY_HTTP_ADDRESS: "127.0.0.1:0",
      REGISTRY_HTTP_SOCKET_PATH: socket,
      REGISTRY_DATA_DIRECTORY: own("registry"),
      REGISTRY_ARTIFACTS_DIRECTORY: artifacts,
    });
    const builder = start("sliver-builder", "BUILDER", {
      BUILDER_STORE_DIRECTORY: artifacts,
      BUILDER_SIGNING_KEY_FILE: join(own("keys"), "builder.pem"),
      BUILDER_TRUSTED_KEYS_DIRECTORY: trusted,
    });
    await Promise.all([registry.ready(), builder.ready()]);
    const executor = start("executor", "EXECUTOR", {
      EXECUTOR_NODE_ID: "bench",
      EXECUTOR_LISTEN_ADDRESS: "127.0.0.1:0",
      EXECUTOR_STORE_DIRECTORY: artifacts,
      EXECUTOR_TRUSTED_KEYS_DIRECTORY: trusted,
      EXECUTOR_CACHE_DIRECTORY: own("cache"),
      EXECUTOR_RUN_DIRECTORY: own("run"),
      EXECUTOR_WORKERS_COUNT: String(workerCount),
    });
    const routers = Array.from({ length: routerCount }, () =>
      start("router", "ROUTER", { ROUTER_LISTEN_PORT: "0", ROUTER_DRAIN_NOTICE_MS: "0" }),
    );
    await deployApps(socket, apps);
    await executor.ready();
    const listening = await Promise.all(
      routers.map(async (router) => {
        const { http = "" } = await router.ready();
        return { port: Number(http.slice(http.lastIndexOf(":") + 1)), pid: router.pid };
      }),
    );
    const hosts = apps.map(({ name }) => hostOfApp(name));
    for (const { port } of listening) {
      await eventually(() => answerAll({ port, hosts }), { timeoutMs: SERVING_TIMEOUT_MS });
    }
    const pids = [redis.pid, ...services.map(({ pid }) => pid)];
    return { routers: listening, executorPid: executor.pid, pids, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function deployApps(socket: string, apps: readonly ClusterApp[]): Promise<void> {
  const registry = createRegistryClient(socket, AbortSignal.timeout(SERVING_TIMEOUT_MS));
  for (const { name, entrypoint, manifest } of apps) {
    const bundled = await bundleApp({ entrypoint });
    const bundle = await registry.storeArtifact(Buffer.from(JSON.stringify(bundled.artifact)));
    await registry.createApp(name as AppName);
    await registry.deploy(name as AppName, {
      manifest: { ...bundled.manifest, ...manifest },
      bundle,
      activate: true,
    });
  }
  await registry.replaceRoutes(apps.map(({ name }) => ({ host: hostOfApp(name), path: "/", app: name as AppName })));
}
