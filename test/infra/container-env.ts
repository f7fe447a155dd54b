/** The environment of a container as Kubernetes would make it. */
import type { Container, Labels, Manifest } from "./manifests.ts";
import type { EnvSetting } from "./service-facts.ts";
import { listKustomizations, readKustomization } from "./yaml-files.ts";

export type ConfigMaps = ReadonlyMap<string, Labels>;

/** By name: those of a rendered overlay, or of files that no overlay has rendered all that their generators would put in. */
export function readConfigMaps(manifests: readonly Manifest[]): ConfigMaps {
  const rendered = manifests.filter(({ kind }) => kind === "ConfigMap");
  if (rendered.length > 0) return new Map(rendered.map(({ metadata, data = {} }) => [metadata.name, data]));
  const found = new Map<string, Labels>();
  for (const path of listKustomizations()) {
    for (const { name, literals = [] } of readKustomization(path).configMapGenerator ?? []) {
      const data = literals.map((literal) => literal.split(/=(.*)/s, 2));
      found.set(name, { ...found.get(name), ...Object.fromEntries(data) });
    }
  }
  return found;
}

/** What `envFrom` brings, and `env` over it. @throws where a ConfigMap is not there */
export function envOf({ env = [], envFrom = [] }: Container, configMaps: ConfigMaps): EnvSetting[] {
  const found = new Map<string, string | undefined>();
  for (const { prefix = "", configMapRef } of envFrom) {
    const data = configMaps.get(configMapRef?.name ?? "");
    if (data === undefined) throw new Error(`No ConfigMap ${configMapRef?.name}`);
    for (const [key, value] of Object.entries(data)) found.set(`${prefix}${key}`, value);
  }
  for (const { name, value } of env) found.set(name, value?.includes("$(") === true ? undefined : value);
  return [...found].map(([name, value]) => ({ name, value }));
}
