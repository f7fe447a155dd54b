/** The cluster of the local overlays runs: each service with its pod's environment and mounts, keys made as README tells to. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { hasRedisServer, NO_REDIS } from "@nano/test-kit/redis-server";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { envOf, readConfigMaps } from "./container-env.ts";
import { deployFirst } from "./first-deploy.ts";
import {
  type Container,
  hasKustomize,
  isWorkload,
  type Manifest,
  type PodSpec,
  renderWith,
  type Workload,
} from "./manifests.ts";
import { readCreatedObjects, readKeyCommands } from "./readme-commands.ts";
import { openS3StandIn } from "./s3-stand-in.ts";
import { type EnvSetting, SERVICES } from "./service-facts.ts";
import { type Mount, Simulation } from "./simulation.ts";

const OPEN_TIMEOUT_MS = 120_000;
const TEST_TIMEOUT_MS = 120_000;
const hasTools = hasKustomize() && spawnSync("openssl", ["version"]).status === 0;

/** One pod of a workload. */
class SimulatedPod {
  readonly name: string;
  readonly spec: PodSpec;
  readonly #simulation: Simulation;
  readonly #manifests: readonly Manifest[];

  constructor(workload: Workload, simulation: Simulation, manifests: readonly Manifest[]) {
    this.name = workload.metadata.name;
    this.spec = workload.spec.template.spec;
    this.#simulation = simulation;
    this.#manifests = manifests;
  }

  get container(): Container {
    const [container] = this.spec.containers;
    if (container === undefined) throw new Error(`${this.name} has no container`);
    return container;
  }

  mountsOf({ volumeMounts = [] }: Container): Mount[] {
    const { volumes = [] } = this.spec;
    return volumeMounts.map(({ name, mountPath }) => {
      const volume = volumes.find((each) => each.name === name);
      const { secret, configMap, persistentVolumeClaim } = volume ?? {};
      const shared =
        (secret && `secret/${secret.secretName}`) ??
        (configMap && `configmap/${configMap.name}`) ??
        (persistentVolumeClaim && `claim/${persistentVolumeClaim.claimName}`);
      return { path: mountPath, place: shared ?? `pod/${this.name}/${name}` };
    });
  }

  envOf(container: Container): EnvSetting[] {
    const shared = envOf({ ...container, env: [] }, readConfigMaps(this.#manifests));
    const own = (container.env ?? []).map(({ name, value, valueFrom }) => {
      const { secretKeyRef: secret, fieldRef } = valueFrom ?? {};
      if (secret !== undefined) return { name, value: this.#read(secret.name, secret.key) };
      if (fieldRef?.fieldPath === "metadata.name") return { name, value: `${this.name}-0` };
      if (fieldRef?.fieldPath === "status.podIP") return { name, value: "$(POD_IP)" };
      return { name, value };
    });
    return [...shared, ...own];
  }

  #read(secret: string, key: string): string {
    return readFileSync(join(this.#simulation.directory, "secret", secret, key), "utf8");
  }
}

/** Files of Secrets and ConfigMaps, made with the commands of README. */
function makeObjects(directory: string): void {
  const keys = join(directory, "keys");
  mkdirSync(keys);
  execFileSync("sh", ["-ec", readKeyCommands()], { cwd: keys, stdio: "pipe" });
  for (const { kind, name, files } of readCreatedObjects()) {
    const target = join(directory, kind, name);
    mkdirSync(target, { recursive: true });
    for (const [key, file] of files) {
      // The certificate of a Redis elsewhere is nobody's here.
      if (existsSync(join(keys, file))) cpSync(join(keys, file), join(target, key));
    }
  }
}

describe.each([
  ["local, by TLS between services", "local", ["components/link-tls"]],
  ["local-s3", "local-s3", []],
] as const)("the cluster of the overlay %s", (_name, overlay, components) => {
  beforeEach((context) => {
    if (!hasRedisServer) context.skip(NO_REDIS);
    if (!hasTools) context.skip("no Kustomize 5, or no openssl");
  });
  const simulation = new Simulation();
  const ends: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    if (!hasRedisServer || !hasTools) return;
    makeObjects(simulation.directory);
    const manifests = renderWith(`overlays/${overlay}`, components);
    const pods = manifests.filter(isWorkload).map((workload) => new SimulatedPod(workload, simulation, manifests));
    for (const pod of pods) {
      const { name, container } = pod;
      const mounts = pod.mountsOf(container);
      if (SERVICES.has(name)) {
        for (const init of pod.spec.initContainers ?? []) {
          simulation.runOnce(init.command ?? [], { name, env: [], mounts: pod.mountsOf(init) });
        }
        simulation.start({ kind: name, name, env: pod.envOf(container), mounts });
      }
      if (name === "redis") {
        const [shell = "", flag = "", script = ""] = container.command ?? [];
        const { address } = simulation.host(name);
        // Its container listens on all addresses: here that would be everybody's.
        const text = `${simulation.translate(script, { name, mounts })} --bind ${address}`;
        simulation.host(name).spawn([shell, flag, text]);
      }
      if (name === "s3") {
        const key = (file: string): string =>
          readFileSync(join(simulation.directory, "secret/artifact-writer", file), "utf8");
        const { BUCKET: bucket = "" } =
          [...readConfigMaps(manifests)].find(([map]) => map.startsWith("artifact-store"))?.[1] ?? {};
        const where = {
          address: simulation.host(name).address,
          port: 9000,
          directory: join(simulation.directory, name),
        };
        const keys = [{ id: key("access-key-id"), secret: key("secret-access-key") }];
        ends.push(await openS3StandIn({ ...where, bucket, keys }));
      }
    }
  }, OPEN_TIMEOUT_MS);

  afterAll(async () => {
    await simulation.close();
    for (const end of ends) await end();
  });

  test("gets ready, and serves what is deployed first", { timeout: TEST_TIMEOUT_MS }, async () => {
    for (const name of SERVICES.keys()) await simulation.ready(name);
    await deployFirst({
      directory: simulation.directory,
      registryUrl: `http://${simulation.host("app-registry").address}:8090`,
      tokenFile: join(simulation.directory, "secret/operator-token/operator.token"),
      router: { host: simulation.host("router").address, port: 8080 },
    });
    for (const name of SERVICES.keys()) expect(simulation.output(name)).not.toContain('"level":"error"');
  });
});
