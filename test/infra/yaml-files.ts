/** The YAML of `infra/`, read as it lies there. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parseAllDocuments, type ScalarTag } from "yaml";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const KUBERNETES = "infra/k8s";

/** What Compose marks in an override; to a reader of one file it is the value itself. */
const COMPOSE_TAGS = ["!reset", "!override"];

/** Files of a folder by pattern, from the repository's root. */
export function listFiles(pattern: string): string[] {
  return globSync(pattern, { cwd: ROOT }).sort();
}

export function readText(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** The documents of a file. @throws where one has an error or a warning */
export function readYaml(path: string): unknown[] {
  return parseYaml(readText(path), path);
}

export function parseYaml(text: string, name: string): unknown[] {
  const customTags = COMPOSE_TAGS.flatMap((tag) => [
    { tag, resolve: (value: string) => (value === "null" ? null : value) } satisfies ScalarTag,
    { tag, collection: "seq" as const },
    { tag, collection: "map" as const },
  ]);
  return parseAllDocuments(text, { merge: true, customTags }).map((document) => {
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) throw new Error(`${name}: ${problem.message}`);
    return document.toJS() as unknown;
  });
}

/** What a kustomization.yaml says, as far as it is used here. */
export interface Kustomization {
  readonly namespace?: string;
  readonly resources?: readonly string[];
  readonly components?: readonly string[];
  readonly patches?: readonly KustomizePatch[];
  readonly images?: readonly { readonly name: string }[];
  readonly replicas?: readonly { readonly name: string }[];
  readonly configMapGenerator?: readonly {
    readonly name: string;
    readonly files?: readonly string[];
    readonly literals?: readonly string[];
  }[];
}

export interface KustomizePatch {
  readonly path?: string;
  readonly patch?: string;
  readonly target?: { readonly kind?: string; readonly name?: string; readonly labelSelector?: string };
}

export function listKustomizations(): string[] {
  return listFiles(`${KUBERNETES}/**/kustomization.yaml`);
}

export function readKustomization(path: string): Kustomization {
  return readYaml(path)[0] as Kustomization;
}

/** A path in a kustomization, from the repository's root. */
export function besideKustomization(path: string, relative: string): string {
  return normalize(join(dirname(path), relative));
}

/** Files of whole resources: what kustomizations list, and so no patches. */
export function listResourceFiles(): string[] {
  return listKustomizations().flatMap((path) =>
    (readKustomization(path).resources ?? [])
      .filter((resource) => resource.endsWith(".yaml"))
      .map((resource) => besideKustomization(path, resource)),
  );
}
