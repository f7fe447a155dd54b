/**
 * What is wrong with a Kubernetes resource by the schema of its kind: Kubernetes' own from the package `kubernetes-models`, custom ones
 * from `infra/k8s/schemas`.
 *
 * I1 A field that the schema does not know is a problem. Those of Kubernetes let it pass, as its API does; so the resource is
 *    given to them behind a proxy, and a field that they never looked at is one that they do not know.
 */
import { Ajv } from "ajv";
import type { Manifest } from "./manifests.ts";
import { listFiles, readText } from "./yaml-files.ts";

const GROUPS: Readonly<Record<string, string>> = {
  v1: "CoreV1",
  "apps/v1": "AppsV1",
  "autoscaling/v2": "AutoscalingV2",
  "networking.k8s.io/v1": "NetworkingV1",
  "policy/v1": "PolicyV1",
};

interface Validate {
  (data: unknown): boolean;
  errors?: readonly { readonly instancePath: string; readonly message?: string; readonly keyword: string }[] | null;
}

interface CustomSchema {
  readonly properties: { readonly apiVersion: { readonly const: string }; readonly kind: { readonly const: string } };
}

const ajv = new Ajv({ allErrors: true });
const customValidators = new Map<string, Validate>(
  listFiles("infra/k8s/schemas/*.json").map((path) => {
    const schema = JSON.parse(readText(path)) as CustomSchema;
    const { apiVersion, kind } = schema.properties;
    return [`${apiVersion.const} ${kind.const}`, ajv.compile(schema)];
  }),
);

/** Each with its path. Empty: the resource is as its kind wants it. */
export async function findKindProblems(manifest: Manifest): Promise<string[]> {
  const { apiVersion, kind } = manifest;
  const custom = customValidators.get(`${apiVersion} ${kind}`);
  if (custom !== undefined) return problemsOf(custom, manifest);
  const group = GROUPS[apiVersion];
  if (group === undefined) return [`no schema for ${apiVersion} ${kind}`];
  const module = (await import(`kubernetes-models/_schemas/IoK8sApi${group}${kind}`)) as { validate: Validate };
  const findUnread: (() => string[])[] = [];
  const problems = problemsOf(module.validate, watchReads(manifest, "", findUnread));
  return [...problems, ...findUnread.flatMap((find) => find())];
}

function problemsOf(validate: Validate, data: unknown): string[] {
  if (validate(data)) return [];
  return (validate.errors ?? []).map(({ instancePath, keyword, message }) => `${instancePath}: ${message ?? keyword}`);
}

/** The value, with a note of each field that is read. */
function watchReads(value: unknown, path: string, findUnread: (() => string[])[]): unknown {
  if (typeof value !== "object" || value === null) return value;
  const read = new Map<string, unknown>();
  const fields = value as Readonly<Record<string, unknown>>;
  findUnread.push(() =>
    Object.keys(fields)
      .filter((key) => !read.has(key))
      .map((key) => `${path}/${key}: no such field`),
  );
  return new Proxy(fields, {
    get(target, key) {
      if (typeof key === "symbol") return Reflect.get(target, key);
      if (!read.has(key)) read.set(key, watchReads(target[key], `${path}/${key}`, findUnread));
      return read.get(key);
    },
  });
}
