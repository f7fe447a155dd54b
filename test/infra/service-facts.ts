/** What the services' code says that `infra/` has to agree with. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { registryConfig } from "@nano/app-registry/config";
import { config as executorConfig } from "@nano/executor/config";
import { routerConfig } from "@nano/router/config";
import { openAdminServer, READY } from "@nano/service-kit/admin-server";
import type { NamedField } from "@nano/service-kit/config";
import { createSilentLogger } from "@nano/service-kit/logger";
import { Metrics } from "@nano/service-kit/metrics";
import { config as builderConfig } from "@nano/sliver-builder/config";
import { ROOT } from "./yaml-files.ts";

export interface ServiceFacts {
  /** What its environment names begin with. */
  readonly prefix: string;
  readonly fields: ReadonlyMap<string, NamedField>;
}

function factsOf({ prefix, fields }: { prefix: string; fields: readonly NamedField[] }): ServiceFacts {
  return { prefix, fields: new Map(fields.map((named) => [named.envName, named])) };
}

/** By folder under `services/`, which is also the build argument of the Dockerfile and the end of the image's name. */
export const SERVICES: ReadonlyMap<string, ServiceFacts> = new Map([
  ["router", factsOf(routerConfig)],
  ["app-registry", factsOf(registryConfig)],
  ["executor", factsOf(executorConfig)],
  ["sliver-builder", factsOf(builderConfig)],
]);

/** Places of which a service that has both is told exactly one. */
const EITHER: readonly (readonly [string, string])[] = [
  ["CONTROL_STORE_SOCKET_PATH", "CONTROL_STORE_REDIS_URLS"],
  ["STORE_DIRECTORY", "STORE_S3_BUCKET"],
  ["ARTIFACTS_DIRECTORY", "ARTIFACTS_S3_BUCKET"],
];

export interface EnvSetting {
  readonly name: string;
  /** Undefined where it is known in the cluster only. */
  readonly value: string | undefined;
}

/** What its configuration would refuse of an environment, in words. */
export function findEnvProblems(service: string, env: readonly EnvSetting[], others: readonly string[]): string[] {
  const facts = SERVICES.get(service);
  if (facts === undefined) return [`there is no service ${service}`];
  const problems: string[] = [];
  for (const { name, value } of env) {
    if (others.includes(name)) continue;
    const field = facts.fields.get(name)?.field;
    if (field === undefined) problems.push(`${name}: no such setting`);
    // Of a file only the path can be known here.
    else if (value !== undefined && !field.isSecret && field.parse(value) === undefined) {
      problems.push(`${name}: ${value}, expected ${field.expected}`);
    }
  }
  const given = new Set(env.map(({ name }) => name));
  for (const { envName, field } of facts.fields.values()) {
    if (field.isRequired && !given.has(envName)) problems.push(`${envName}: not set`);
  }
  for (const pair of EITHER) {
    const names = pair.map((name) => `${facts.prefix}_${name}`);
    if (!names.every((name) => facts.fields.has(name))) continue;
    if (names.filter((name) => given.has(name)).length !== 1) problems.push(`${names.join(", ")}: not exactly one set`);
  }
  return problems;
}

/** The value that a service reads, parsed. */
export function settingOf(service: string, name: string, env: readonly EnvSetting[]): unknown {
  const field = SERVICES.get(service)?.fields.get(name)?.field;
  if (field === undefined) throw new Error(`No such setting: ${name}`);
  const value = env.find((setting) => setting.name === name)?.value;
  return value === undefined ? field.fallback : field.parse(value);
}

/** Paths that each service answers on its admin address. */
export async function readAdminPaths(): Promise<string[]> {
  const server = await openAdminServer({
    address: "127.0.0.1:0",
    metrics: new Metrics("any"),
    logger: createSilentLogger(),
    readiness: () => READY,
  });
  try {
    const answer = await fetch(`http://${server.address}/no-such-path`);
    return ((await answer.json()) as { paths: string[] }).paths;
  } finally {
    await server.close();
  }
}

/** The folder under `services/` that an image is made of, or null where it is none of ours. */
export function serviceOfImage(image: string): string | null {
  const service = /^(?:[^/]+\/)?nano-([a-z-]+)(?::[\w.-]+)?$/.exec(image)?.[1];
  return service !== undefined && existsSync(join(ROOT, "services", service, "src/main.ts")) ? service : null;
}
