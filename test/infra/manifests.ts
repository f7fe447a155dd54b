/** Kubernetes resources of `infra/k8s`: as their files have them, and as Kustomize renders them where it is found. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { listResourceFiles, parseYaml, ROOT, readYaml } from "./yaml-files.ts";

export type Labels = Readonly<Record<string, string>>;

export interface EnvVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly configMapKeyRef?: { readonly name: string; readonly key: string };
    readonly secretKeyRef?: { readonly name: string; readonly key: string };
    readonly fieldRef?: { readonly fieldPath: string };
  };
}

export interface EnvSource {
  readonly prefix?: string;
  readonly configMapRef?: { readonly name: string };
}

export interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string | number };
  readonly periodSeconds?: number;
  readonly failureThreshold?: number;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: readonly EnvVariable[];
  readonly envFrom?: readonly EnvSource[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } };
  readonly resources?: Readonly<Record<"requests" | "limits", Readonly<Record<string, string>>>>;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
  }[];
}

export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly terminationGracePeriodSeconds?: number;
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly topologySpreadConstraints?: readonly { readonly labelSelector: Selector }[];
  readonly volumes?: readonly {
    readonly name: string;
    readonly emptyDir?: { readonly sizeLimit?: string };
    readonly secret?: { readonly secretName: string };
    readonly configMap?: { readonly name: string };
    readonly persistentVolumeClaim?: { readonly claimName: string };
  }[];
}

export interface Selector {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Labels };
  readonly spec: unknown;
  /** Of a ConfigMap. */
  readonly data?: Labels;
}

export interface Workload extends Manifest {
  readonly spec: {
    readonly selector: Selector;
    readonly template: { readonly metadata: { readonly labels: Labels }; readonly spec: PodSpec };
  };
}

const WORKLOADS = ["Deployment", "StatefulSet", "DaemonSet"];
/** What the base's kustomization puts on everything. */
const COMMON_LABELS: Labels = { "app.kubernetes.io/part-of": "nano" };
export const OVERLAYS = ["local", "local-s3", "production", "production-keda", "production-s3"] as const;

/** All resources, base, components and overlays, unpatched. */
export function readManifests(): Manifest[] {
  return listResourceFiles().flatMap((path) => readYaml(path)) as Manifest[];
}

/** Null where there is no Kustomize, or one older than 5. */
export function renderOverlay(overlay: string): Manifest[] | null {
  return hasKustomize() ? renderDirectory(join(ROOT, "infra/k8s", overlay)) : null;
}

/** An overlay with components that it does not name itself. */
export function renderWith(overlay: string, components: readonly string[]): Manifest[] {
  const directory = mkdtempSync(join(tmpdir(), "nano-overlay-"));
  const inside = (path: string): string =>
    relative(realpathSync(directory), join(realpathSync(ROOT), "infra/k8s", path));
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: [inside(overlay)],
    components: components.map(inside),
  };
  try {
    writeFileSync(join(directory, "kustomization.yaml"), JSON.stringify(kustomization));
    return renderDirectory(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function renderDirectory(directory: string): Manifest[] {
  return parseYaml(execFileSync("kubectl", ["kustomize", directory], { encoding: "utf8" }), directory) as Manifest[];
}

export function hasKustomize(): boolean {
  const { stdout } = spawnSync("kubectl", ["version", "--client"], { encoding: "utf8" });
  return Number(/Kustomize Version: v(\d+)/.exec(stdout ?? "")?.[1] ?? 0) >= 5;
}

export function isWorkload(manifest: Manifest): manifest is Workload {
  return WORKLOADS.includes(manifest.kind);
}

/** The labels of its pods in the cluster. */
export function podLabels(workload: Workload): Labels {
  return { ...COMMON_LABELS, ...workload.spec.template.metadata.labels };
}

export function containersOf({ containers, initContainers = [] }: PodSpec): readonly Container[] {
  return [...initContainers, ...containers];
}

export function matches(selector: Selector, labels: Labels): boolean {
  const isEqual = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return isEqual && (selector.matchExpressions ?? []).every((expression) => isMet(expression, labels));
}

function isMet({ key, operator, values = [] }: NonNullable<Selector["matchExpressions"]>[number], labels: Labels) {
  const value = labels[key];
  if (operator === "In") return value !== undefined && values.includes(value);
  if (operator === "Exists") return value !== undefined;
  throw new Error(`Operator is not known here: ${operator}`);
}

const UNITS: Readonly<Record<string, number>> = { "": 1, m: 1e-3, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 };

/** A quantity such as `4608Mi` as a number. */
export function parseQuantity(text: string): number {
  const [, digits, unit = ""] = /^([0-9.]+)([a-zA-Z]*)$/.exec(text) ?? [];
  const scale = UNITS[unit];
  if (digits === undefined || scale === undefined) throw new Error(`Quantity is not known here: ${text}`);
  return Number(digits) * scale;
}
