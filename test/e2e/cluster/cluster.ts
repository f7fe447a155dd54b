/** A whole cluster on hosts of a lab: Redis, registry, builder, executors, routers, each a process of its own, and a balancer. */
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "@nano/test-kit/eventually";
import { REPOSITORY } from "../../support/checkout.ts";
import { Balancer } from "./balancer.ts";
import { Deploys } from "./deploys.ts";
import { type Host, type Lab, openLab } from "./lab/lab.ts";
import { Nanoctl } from "./nanoctl.ts";
import { type RedisTier, SentinelTier, SingleTier } from "./redis-tier.ts";
import { type ErrorLine, Service, type ServiceKind } from "./service.ts";
import { type ClusterPlaces, environmentOf, REGISTRY_PORT } from "./service-settings.ts";
import { DirectoryStorage, S3Storage, type StorageTier } from "./storage-tier.ts";

/** So many requests of one executor tell which one serves most. */
const SAMPLE_COUNT = 30;
const SAMPLE_MS = 100;
const LINKED_TIMEOUT_MS = 30_000;
/** The checkout whose services run, where it is not this one. */
const ROOT_VARIABLE = "NANO_E2E_ROOT";

export interface ClusterOptions {
  /** @default 3 */
  readonly executorCount?: number;
  /** @default 2 */
  readonly routerCount?: number;
  /** Redis is a master, a replica and three Sentinels, and a deploy is acknowledged once the replica has it. @default false */
  readonly isReplicated?: boolean;
  /** Artifacts are in S3 rather than in a shared directory. @default false */
  readonly isOnS3?: boolean;
  /** In place of, or beside, what all services of a kind are told. */
  readonly env?: Partial<Readonly<Record<ServiceKind, Readonly<Record<string, string>>>>>;
}

export class Cluster {
  readonly lab: Lab;
  readonly directory = mkdtempSync(join(tmpdir(), "nc-"));
  readonly redis: RedisTier;
  readonly storage: StorageTier;
  readonly registry: Service;
  readonly builder: Service;
  readonly executors: Service[] = [];
  readonly routers: Service[] = [];
  readonly balancer: Balancer;
  readonly nanoctl: Nanoctl;
  readonly deploys: Deploys;
  /** The checkout that services are started from. */
  readonly root = process.env[ROOT_VARIABLE] || REPOSITORY;
  readonly #places: ClusterPlaces;
  readonly #env: ClusterOptions["env"];

  /** Answers when every service is ready and every router has a link to every worker. */
  static async open(options: ClusterOptions = {}): Promise<Cluster> {
    const cluster = new Cluster(options);
    try {
      await Promise.all([cluster.redis.start(), cluster.storage.start()]);
      await Promise.all(cluster.services.map((service) => service.start(cluster.root)));
      await cluster.settled();
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  private constructor(options: ClusterOptions) {
    const { executorCount = 3, routerCount = 2, isReplicated = false, isOnS3 = false, env } = options;
    this.#env = env;
    this.lab = openLab();
    const shared = join(this.directory, "shared");
    mkdirSync(shared);
    writeFileSync(join(shared, "operator.token"), mintToken(), { mode: 0o600 });
    this.#places = { shared, own: (host) => this.#ownDirectory(host) };
    const tier = { lab: this.lab, ownDirectory: (host: Host) => this.#ownDirectory(host) };
    this.redis = isReplicated ? new SentinelTier(tier) : new SingleTier(tier);
    if (isOnS3) {
      const host = this.lab.addHost("s3");
      this.storage = new S3Storage(host, this.#ownDirectory(host));
    } else {
      this.storage = new DirectoryStorage(join(shared, "artifacts"));
    }
    this.registry = this.#describe("app-registry", "registry-1");
    this.builder = this.#describe("sliver-builder", "builder-1");
    for (let i = 1; i <= executorCount; i++) this.executors.push(this.#describe("executor", `executor-${i}`));
    for (let i = 1; i <= routerCount; i++) this.routers.push(this.#describe("router", `router-${i}`));
    this.balancer = new Balancer(this.routers);
    const home = join(this.directory, "home");
    mkdirSync(home);
    this.nanoctl = new Nanoctl({ root: this.root, url: this.registryUrl, tokenFile: this.#tokenFile, home });
    this.deploys = new Deploys(this.nanoctl, join(this.directory, "apps"));
  }

  get #tokenFile(): string {
    return join(this.#places.shared, "operator.token");
  }

  get services(): readonly Service[] {
    return [this.registry, this.builder, ...this.executors, ...this.routers];
  }

  /** What services wrote at level `error` so far. */
  get errorLines(): readonly ErrorLine[] {
    return this.services.flatMap((service) => service.errorLines);
  }

  get registryUrl(): string {
    return `http://${this.registry.spec.host.address}:${REGISTRY_PORT}`;
  }

  /** Adds an executor to those that are there, not started yet. */
  addExecutor(): Service {
    const executor = this.#describe("executor", `executor-${this.executors.length + 1}`);
    this.executors.push(executor);
    return executor;
  }

  /** Until each router that runs has a link to each worker of each executor that runs, and to no other. */
  async settled(timeoutMs = LINKED_TIMEOUT_MS): Promise<void> {
    const running = this.services.filter((service) => service.isRunning);
    await Promise.all(running.map((service) => service.ready()));
    const wanted = this.executors.filter((executor) => executor.isRunning).length;
    for (const router of this.routers) {
      if (!router.isRunning) continue;
      await eventually(async () => (await router.metric("router_links_count")) === wanted, { timeoutMs });
    }
  }

  /** The last of what services and Redis wrote, for a test that failed. */
  describe(): string {
    return this.services.map(({ name, output }) => `--- ${name}\n${output.slice(-6000)}`).join("\n");
  }

  async close(): Promise<void> {
    this.balancer.close();
    this.lab.close();
    await Promise.all(this.services.map((service) => service.exited));
    await this.redis.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** The executor that serves most now: the one whose end is felt. */
  async busiestExecutor(): Promise<Service> {
    const count = async (executor: Service): Promise<number> =>
      (await executor.metric("executor_queue_wait_seconds_count")) || 0;
    const running = this.executors.filter((executor) => executor.isRunning);
    const before = await Promise.all(running.map(count));
    let served: readonly number[] = [];
    // Workers tell what they did from time to time.
    await eventually(async () => {
      await delay(SAMPLE_MS);
      served = (await Promise.all(running.map(count))).map((requests, i) => requests - (before[i] ?? 0));
      return Math.max(...served) >= SAMPLE_COUNT;
    });
    const busiest = running[served.indexOf(Math.max(...served))];
    if (busiest === undefined) throw new Error("No executor runs");
    return busiest;
  }

  #describe(kind: ServiceKind, name: string): Service {
    const host = this.lab.addHost(name);
    const store = this.redis.settings(kind, host);
    const given = environmentOf(kind, { host, places: this.#places, store, storage: this.storage.settings });
    const env = { ...given, ...this.#env?.[kind] };
    return new Service({ kind, name, host, env });
  }

  #ownDirectory(host: Host): string {
    const directory = join(this.directory, host.name);
    mkdirSync(directory, { recursive: true });
    return directory;
  }
}

/** An operator's token, which the registry is told at its start. */
function mintToken(): string {
  return `nano_${randomBytes(8).toString("hex")}_${randomBytes(32).toString("base64url")}`;
}
