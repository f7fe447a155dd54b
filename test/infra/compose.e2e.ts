/** The cluster of the Compose files runs: each service with the environment that it is given there, one of each. */
import { join } from "node:path";
import { hasRedisServer, needRedisServer, RedisServer } from "@nano/test-kit/redis-server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMPOSED, type ComposeFile, type ComposeService, envOf } from "./compose-files.ts";
import { deployFirst } from "./first-deploy.ts";
import { readExportedMetrics, readRegisteredMetrics } from "./registered-metrics.ts";
import { openS3StandIn } from "./s3-stand-in.ts";
import { type Mount, type SimulatedService, Simulation } from "./simulation.ts";
import { ROOT } from "./yaml-files.ts";

const OPEN_TIMEOUT_MS = 120_000;
const TEST_TIMEOUT_MS = 120_000;
/** Names in the file, and folders under `services/`. */
const KINDS = { registry: "app-registry", builder: "sliver-builder", executor: "executor", router: "router" } as const;
const NAMES = Object.keys(KINDS) as (keyof typeof KINDS)[];
/** Exported where a certificate is shown to clients, and there with S3. */
const SOMETIMES = /^router_certificate_expiry_timestamp_seconds$|_store_request/;

function mountsOf(
  name: string,
  { volumes = [], tmpfs = [], configs = [] }: ComposeService,
  file: ComposeFile,
): Mount[] {
  const own = (path: string): Mount => ({ path, place: `own/${name}${path}` });
  return [
    ...volumes.map((volume) => {
      const [first = "", second = ""] = volume.split(":");
      return volume.startsWith("/") ? own(first) : { path: second, place: `volumes/${first}` };
    }),
    ...tmpfs.map((mount) => own(mount.split(":")[0] ?? "")),
    ...configs.map(({ source, target }) => ({
      path: target,
      place: join(ROOT, "infra/compose", file.configs?.[source]?.file ?? ""),
    })),
    own("/dev/shm"),
  ];
}

function serviceOf(name: keyof typeof KINDS, file: ComposeFile): SimulatedService {
  const service = file.services[name] ?? {};
  return { kind: KINDS[name], name, env: envOf(service), mounts: mountsOf(name, service, file) };
}

describe.each(Object.entries(COMPOSED))("the cluster %s", (_name, file) => {
  needRedisServer();
  const simulation = new Simulation();
  const ends: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    if (!hasRedisServer) return;
    const [, ...redisArgs] = file.services.redis?.command ?? [];
    const { address } = simulation.host("redis");
    const directory = join(simulation.directory, "volumes/redis");
    const redis = await new RedisServer({ directory, host: address, port: 6379, args: redisArgs }).start();
    ends.push(() => redis.stop());
    if (file.services.s3 !== undefined) {
      const { MINIO_ROOT_USER: id = "", MINIO_ROOT_PASSWORD: secret = "" } = file.services.s3.environment ?? {};
      const bucket = file.services.registry?.environment?.REGISTRY_ARTIFACTS_S3_BUCKET ?? "";
      const where = { address: simulation.host("s3").address, port: 9000, directory: join(simulation.directory, "s3") };
      ends.push(await openS3StandIn({ ...where, bucket, keys: [{ id, secret }] }));
    }
    const { keys = {} } = file.services;
    const once = { name: "keys", env: envOf(keys), mounts: mountsOf("keys", keys, file) };
    simulation.runOnce(keys.entrypoint ?? [], once);
    for (const name of NAMES) simulation.start(serviceOf(name, file));
  }, OPEN_TIMEOUT_MS);

  afterAll(async () => {
    await simulation.close();
    for (const end of ends) await end();
  });

  test("gets ready, and serves what is deployed first", { timeout: TEST_TIMEOUT_MS }, async () => {
    for (const name of NAMES) await simulation.ready(name);
    const registry = serviceOf("registry", file);
    const tokenFile = registry.env.find(({ name }) => name === "REGISTRY_TOKENS_BOOTSTRAP_FILE")?.value ?? "";
    await deployFirst({
      directory: simulation.directory,
      registryUrl: `http://${simulation.host("registry").address}:8090`,
      tokenFile: simulation.translate(tokenFile, registry),
      router: { host: simulation.host("router").address, port: 8080 },
    });
  });

  test("exports the metrics that are read from the services' code", async () => {
    const registered = readRegisteredMetrics();
    const exported = new Set<string>();
    for (const name of NAMES) {
      const { text } = await simulation.admin(name, "/metrics");
      for (const metric of readExportedMetrics(text)) exported.add(metric);
    }
    expect([...exported].filter((metric) => !registered.has(metric))).toEqual([]);
    expect([...registered.keys()].filter((metric) => !exported.has(metric) && !SOMETIMES.test(metric))).toEqual([]);
  });

  test("ends when it is told to, within what Compose waits", { timeout: TEST_TIMEOUT_MS }, async () => {
    for (const name of NAMES.toReversed()) {
      const waitSeconds = Number.parseInt(file.services[name]?.stop_grace_period ?? "10s", 10);
      const startedMs = performance.now();
      expect(await simulation.stop(name), simulation.output(name)).toBe(0);
      expect((performance.now() - startedMs) / 1000, name).toBeLessThan(waitSeconds);
    }
  });
});
