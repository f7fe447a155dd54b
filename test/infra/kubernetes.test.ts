import { LEAVE_MS as EXECUTOR_LEAVE_MS } from "@nano/executor/config";
import { LEAVE_MS as ROUTER_LEAVE_MS } from "@nano/router/config";
import { describe, expect, test } from "vitest";
import { envOf, readConfigMaps } from "./container-env.ts";
import { findKindProblems } from "./kind-schemas.ts";
import {
  type Container,
  containersOf,
  hasKustomize,
  isWorkload,
  type Manifest,
  matches,
  OVERLAYS,
  parseQuantity,
  podLabels,
  readManifests,
  renderOverlay,
  type Selector,
  type Workload,
} from "./manifests.ts";
import {
  type EnvSetting,
  findEnvProblems,
  readAdminPaths,
  SERVICES,
  serviceOfImage,
  settingOf,
} from "./service-facts.ts";
import {
  besideKustomization,
  listFiles,
  listKustomizations,
  readKustomization,
  readText,
  readYaml,
} from "./yaml-files.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
/** Names that pods have for the expansion of other settings. */
const OTHER_ENV = ["POD_IP"];
/** Images of others. */
const FOREIGN_IMAGES = [
  "redis:7.4-alpine",
  "minio/minio:RELEASE.2025-04-22T22-12-26Z",
  "minio/mc:RELEASE.2025-04-16T18-13-26Z",
];
/** Of those that end in two steps: what is kept of `shutdown.graceMs` for leaving. */
const DRAINING: ReadonlyMap<string, { readonly prefix: string; readonly leaveMs: number }> = new Map([
  ["router", { prefix: "ROUTER", leaveMs: ROUTER_LEAVE_MS }],
  ["executor", { prefix: "EXECUTOR", leaveMs: EXECUTOR_LEAVE_MS }],
]);
/** Beside its workers: supervisor, egress process, a spare worker, what is on tmpfs. */
const EXECUTOR_BASE_BYTES = 512 * MIB;
/** What V8 may take beyond an isolate's limit before it gives up. */
const V8_OVERRUN_BYTES = GIB;

const manifests = readManifests();
const rendered = new Map(OVERLAYS.map((name) => [name, renderOverlay(`overlays/${name}`)]));
/** As written, and with each overlay's patches where Kustomize is there. */
const variants: readonly [string, readonly Manifest[]][] = [
  ["as written", manifests],
  ...[...rendered].flatMap(([name, all]): [string, Manifest[]][] => (all === null ? [] : [[name, all]])),
];

interface ServiceContainer {
  readonly service: string;
  readonly workload: Workload;
  readonly container: Container;
  readonly env: readonly EnvSetting[];
}

function serviceContainers(all: readonly Manifest[]): ServiceContainer[] {
  const configMaps = readConfigMaps(all);
  return all.filter(isWorkload).flatMap((workload) =>
    workload.spec.template.spec.containers
      .filter(({ name }) => SERVICES.has(name))
      .map((container) => ({
        service: container.name,
        workload,
        container,
        env: envOf(container, configMaps),
      })),
  );
}

describe("kustomizations", () => {
  test("every YAML file parses", () => {
    for (const path of listFiles("infra/**/*.yaml")) expect(readYaml(path).length, path).toBeGreaterThan(0);
  });

  test("every file that is named exists, and every file is named", () => {
    const named = listKustomizations().flatMap((path) => {
      const { resources = [], components = [], patches = [], configMapGenerator = [] } = readKustomization(path);
      const files = configMapGenerator.flatMap(({ files = [] }) => files.map((file) => file.split("=").at(-1) ?? file));
      const patchFiles = patches.flatMap((patch) => patch.path ?? []);
      return [...resources, ...components, ...patchFiles, ...files].map((name) => besideKustomization(path, name));
    });
    const files = listFiles("infra/k8s/{base,components,overlays}/**/*").filter((path) => /\.(yaml|json)$/.test(path));
    const folders = listKustomizations().map((path) => besideKustomization(path, "."));
    const loose = (path: string): boolean => path.endsWith("kustomization.yaml") || path.endsWith(".values.yaml");
    expect(named.filter((path) => ![...files, ...folders].includes(path))).toEqual([]);
    expect(files.filter((path) => !named.includes(path) && !loose(path))).toEqual([]);
  });

  test("patches, images and replicas meet a resource", () => {
    const has = (kind: string | undefined, name: string | undefined): boolean =>
      manifests.some(
        (each) => (kind ?? each.kind) === each.kind && (name ?? each.metadata.name) === each.metadata.name,
      );
    const images = manifests.filter(isWorkload).flatMap(({ spec }) => containersOf(spec.template.spec));
    for (const path of listKustomizations()) {
      const { patches = [], images: tagged = [], replicas = [] } = readKustomization(path);
      for (const { path: file, target } of patches) {
        if (target !== undefined) expect(has(target.kind, target.name), `${path}: ${target.kind}`).toBe(true);
        if (file === undefined || target !== undefined) continue;
        const { kind, metadata } = readYaml(besideKustomization(path, file))[0] as Manifest;
        expect(has(kind, metadata.name), `${file}: ${kind} ${metadata.name}`).toBe(true);
      }
      for (const { name } of tagged)
        expect(
          images.some(({ image }) => image === name),
          name,
        ).toBe(true);
      for (const { name } of replicas) expect(has("Deployment", name), name).toBe(true);
    }
  });

  test.skipIf(!hasKustomize())("autoscalers are those that an overlay's cluster can serve", () => {
    const autoscaled = (overlay: (typeof OVERLAYS)[number]): string[] =>
      (rendered.get(overlay) ?? [])
        .filter(({ kind }) => ["HorizontalPodAutoscaler", "ScaledObject"].includes(kind))
        .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
        .sort();
    const pods = ["HorizontalPodAutoscaler executor", "HorizontalPodAutoscaler router"];
    const withAdapter = [...pods, "HorizontalPodAutoscaler sliver-builder"];
    expect(autoscaled("local")).toEqual([]);
    expect(autoscaled("local-s3")).toEqual([]);
    expect(autoscaled("production")).toEqual(withAdapter);
    expect(autoscaled("production-s3")).toEqual(withAdapter);
    expect(autoscaled("production-keda")).toEqual([
      "HorizontalPodAutoscaler router",
      "ScaledObject executor",
      "ScaledObject sliver-builder",
    ]);
  });
});

describe.each(variants)("resources %s", (_name, all) => {
  const workloads = all.filter(isWorkload);
  const pods = workloads.map(podLabels);

  test("are as the schemas of their kinds want them", async () => {
    for (const manifest of all) {
      expect(await findKindProblems(manifest), `${manifest.kind} ${manifest.metadata.name}`).toEqual([]);
    }
  });

  test("give services settings that they have, with values that they take", () => {
    const found = serviceContainers(all);
    expect(new Set(found.map(({ service }) => service))).toEqual(new Set(SERVICES.keys()));
    for (const { service, env } of found) expect(findEnvProblems(service, env, OTHER_ENV), service).toEqual([]);
  });

  test("run images that the Dockerfile builds", () => {
    for (const { name, image } of workloads.flatMap(({ spec }) => containersOf(spec.template.spec))) {
      if (FOREIGN_IMAGES.includes(image)) continue;
      const service = serviceOfImage(image);
      expect(service, `${name}: ${image}`).not.toBeNull();
      if (SERVICES.has(name)) expect(service).toBe(name);
    }
  });

  test("open the ports that services listen on, and point at these", () => {
    for (const { service, container, env } of serviceContainers(all)) {
      const ports = new Map(container.ports?.map(({ name, containerPort }) => [name, containerPort]));
      const prefix = SERVICES.get(service)?.prefix;
      expect(settingOf(service, `${prefix}_ADMIN_ADDRESS`, env)).toBe(`0.0.0.0:${ports.get("admin")}`);
      if (service === "router") expect(settingOf(service, "ROUTER_LISTEN_PORT", env)).toBe(ports.get("http"));
      if (service === "app-registry") {
        expect(settingOf(service, "REGISTRY_HTTP_ADDRESS", env)).toBe(`0.0.0.0:${ports.get("http")}`);
      }
    }
    for (const service of all.filter(({ kind }) => kind === "Service")) {
      const { selector, ports } = service.spec as { selector: Record<string, string>; ports: { targetPort: string }[] };
      const target = workloads.find((workload) => matches({ matchLabels: selector }, podLabels(workload)));
      const names = target?.spec.template.spec.containers.flatMap(({ ports: own = [] }) => own.map(({ name }) => name));
      for (const { targetPort } of ports) expect(names, service.metadata.name).toContain(targetPort);
    }
  });

  test("ask probes of endpoints that exist", async () => {
    const paths = await readAdminPaths();
    for (const { service, container } of serviceContainers(all)) {
      for (const kind of ["startupProbe", "livenessProbe", "readinessProbe"] as const) {
        expect(container[kind]?.httpGet?.port, `${service} ${kind}`).toBe("admin");
        expect(paths, `${service} ${kind}`).toContain(container[kind]?.httpGet?.path);
      }
      expect(container.readinessProbe?.httpGet?.path).toBe("/readyz");
      expect(container.livenessProbe?.httpGet?.path).toBe("/healthz");
    }
  });

  test("give a service longer to end than it takes for itself", () => {
    for (const { service, workload, container, env } of serviceContainers(all)) {
      const graceMs = Number(settingOf(service, `${SERVICES.get(service)?.prefix}_SHUTDOWN_GRACE_MS`, env));
      const needsSeconds = (container.lifecycle?.preStop?.sleep?.seconds ?? 0) + graceMs / 1000;
      expect(workload.spec.template.spec.terminationGracePeriodSeconds, service).toBeGreaterThanOrEqual(
        needsSeconds + 5,
      );
    }
  });

  test("drain for as long as it is said, and tell whoever sends requests before", () => {
    for (const { service, container, env } of serviceContainers(all)) {
      const drain = DRAINING.get(service);
      if (drain === undefined) continue;
      const setting = (name: string): number => Number(settingOf(service, `${drain.prefix}_${name}`, env));
      const noticeMs = setting("DRAIN_NOTICE_MS");
      const drainMs = noticeMs + setting("DRAIN_GRACE_MS") + drain.leaveMs;
      // Otherwise requests in flight are cut earlier than the setting says.
      expect(setting("SHUTDOWN_GRACE_MS"), service).toBeGreaterThanOrEqual(drainMs);
      const { periodSeconds = 10, failureThreshold = 3 } = container.readinessProbe ?? {};
      if (service === "router") expect(noticeMs / 1000).toBeGreaterThan(periodSeconds * failureThreshold);
    }
  });

  test("mount whatever a path leads to", () => {
    for (const { service, workload, container, env } of serviceContainers(all)) {
      const { volumes = [] } = workload.spec.template.spec;
      const mounts = container.volumeMounts ?? [];
      for (const { name } of mounts)
        expect(
          volumes.map((volume) => volume.name),
          service,
        ).toContain(name);
      for (const { name, value } of env) {
        if (value?.startsWith("/") !== true) continue;
        expect(
          mounts.some(({ mountPath }) => value === mountPath || value.startsWith(`${mountPath}/`)),
          `${service}: ${name} is ${value}`,
        ).toBe(true);
      }
    }
  });

  test("select pods that exist", () => {
    const selectors = all.flatMap((manifest): Selector[] => {
      const { spec } = manifest as { spec: { selector?: Selector; podSelector?: Selector } };
      if (manifest.kind === "Service") return [{ matchLabels: spec.selector as Record<string, string> }];
      const constraints = isWorkload(manifest) ? (manifest.spec.template.spec.topologySpreadConstraints ?? []) : [];
      const own = [spec?.selector, spec?.podSelector].filter((selector) => selector !== undefined);
      return [...own.filter((selector) => !("requests" in selector)), ...constraints.map((each) => each.labelSelector)];
    });
    expect(selectors.length).toBeGreaterThan(10);
    for (const selector of selectors) {
      expect(
        pods.some((labels) => matches(selector, labels)),
        JSON.stringify(selector),
      ).toBe(true);
    }
    for (const { kind, spec } of all) {
      if (!["HorizontalPodAutoscaler", "ScaledObject"].includes(kind)) continue;
      const { name } = (spec as { scaleTargetRef: { name: string } }).scaleTargetRef;
      expect(
        workloads.some(({ metadata }) => metadata.name === name),
        `${kind} of ${name}`,
      ).toBe(true);
    }
  });

  test("name secrets and config that README tells to make, or an overlay makes", () => {
    const readme = readText("infra/README.md");
    const commands = readme.split("\n").filter((line) => line.startsWith("kubectl -n nano create "));
    const isTold = (kind: string, name: string, key = ""): boolean =>
      commands.some((line) => line.includes(` create ${kind} ${name} `) && line.includes(` --from-file=${key}`));
    const generated = listKustomizations().flatMap((path) => readKustomization(path).configMapGenerator ?? []);
    const claims = all.filter(({ kind }) => kind === "PersistentVolumeClaim").map(({ metadata }) => metadata.name);
    for (const { spec } of workloads) {
      for (const { secret, configMap, persistentVolumeClaim } of spec.template.spec.volumes ?? []) {
        if (secret !== undefined) expect(isTold("secret generic", secret.secretName), secret.secretName).toBe(true);
        if (configMap !== undefined) expect(isTold("configmap", configMap.name), configMap.name).toBe(true);
        if (persistentVolumeClaim !== undefined) expect(claims).toContain(persistentVolumeClaim.claimName);
      }
    }
    for (const { env = [], envFrom = [] } of serviceContainers(all).map(({ container }) => container)) {
      for (const { configMapRef: { name: map = "" } = {} } of envFrom) {
        expect(
          generated.some(({ name }) => map === name || map.startsWith(`${name}-`)),
          map,
        ).toBe(true);
      }
      for (const { name, key } of env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? [])) {
        expect(isTold("secret generic", name, key), `${name}: ${key}`).toBe(true);
      }
    }
  });

  test("run as nobody, with a root that cannot be written", () => {
    for (const { kind, metadata, spec } of workloads) {
      const pod = spec.template.spec;
      expect([pod.automountServiceAccountToken, pod.enableServiceLinks], metadata.name).toEqual([false, false]);
      for (const { name, securityContext, resources } of containersOf(pod)) {
        expect(securityContext?.readOnlyRootFilesystem, name).toBe(true);
        expect(resources?.limits.memory, name).toBe(resources?.requests.memory);
        if (kind === "DaemonSet") continue;
        expect(securityContext).toMatchObject({ allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } });
        expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
      }
    }
  });

  test("request memory for what tenants and clients can make a service take", () => {
    for (const { service, container, env } of serviceContainers(all)) {
      const setting = (name: string): number => Number(settingOf(service, name, env));
      const memoryBytes = parseQuantity(container.resources?.requests.memory ?? "0");
      if (service === "executor") {
        const worker = setting("EXECUTOR_WORKERS_ISOLATE_BYTES") + V8_OVERRUN_BYTES;
        const needsBytes = setting("EXECUTOR_WORKERS_COUNT") * worker + EXECUTOR_BASE_BYTES;
        expect(memoryBytes).toBeGreaterThanOrEqual(needsBytes);
        const disk = parseQuantity(container.resources?.requests["ephemeral-storage"] ?? "0");
        expect(disk).toBeGreaterThan(setting("EXECUTOR_CACHE_BYTES") + setting("EXECUTOR_CACHE_API_BYTES"));
      }
      if (service === "router") {
        const buffers = setting("ROUTER_REQUEST_MAX_IN_FLIGHT_COUNT") * setting("ROUTER_REQUEST_RETRY_BUFFER_BYTES");
        expect(memoryBytes).toBeGreaterThanOrEqual(buffers + 256 * MIB);
      }
      if (service === "app-registry") {
        const uploads = setting("REGISTRY_ARTIFACTS_UPLOAD_COUNT") * setting("REGISTRY_ARTIFACTS_LIMIT_BYTES");
        expect(memoryBytes).toBeGreaterThanOrEqual(uploads + 256 * MIB);
      }
    }
  });
});
