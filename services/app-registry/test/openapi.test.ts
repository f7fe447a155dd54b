import { registryPaths } from "@nano/protocol/registry-api";
import { createSilentLogger } from "@nano/service-kit/logger";
import { Metrics } from "@nano/service-kit/metrics";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { type ApiOptions, createApi } from "../src/request/api.ts";
import { routePattern } from "../src/request/operation.ts";
import { openTestRegistry } from "./open-test-registry.ts";

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

async function readDocument(): Promise<Document> {
  const { api } = await openTestRegistry();
  return (await api.send("GET", registryPaths.openApi)).body as Document;
}

test("the document holds against the schema of OpenAPI 3.1", async () => {
  const document = await readDocument();
  const result = await new Validator().validate({ ...document });
  expect(result).toEqual({ valid: true });
  expect(document.openapi).toBe("3.1.0");
});

test("every operation that is mounted is in the document, and the other way round", async () => {
  const document = await readDocument();
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${routePattern(path)}`),
  );
  // Nothing of it is called: what is mounted is looked at.
  const parts = { logger: createSilentLogger(), metrics: new Metrics("registry"), apps: {}, artifacts: {} };
  const empty = { rollouts: {}, secrets: {}, tokens: {}, logs: {}, signIn: null, digestKey: null };
  const mounted = createApi({ ...parts, ...empty } as unknown as ApiOptions)
    .routes.filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path}`);
  expect(described.sort()).toEqual(mounted.sort());
});

test("every path that clients know is served", async () => {
  const document = await readDocument();
  const served = new Set(Object.keys(document.paths).map(routePattern));
  const names = [":app", ":version"] as unknown as readonly never[];
  for (const path of Object.values(registryPaths)) {
    const built = typeof path === "string" ? path : (path as (...args: readonly never[]) => string)(...names);
    const pattern = decodeURIComponent(built)
      .replace("/v1/artifacts/:app", "/v1/artifacts/:digest")
      .replace("/v1/tokens/:app", "/v1/tokens/:id")
      .replace("/secrets/:version", "/secrets/:name");
    expect(served).toContain(pattern);
  }
});

test("what changes something takes an idempotency key, and every operation says what errors are like", async () => {
  const { paths } = await readDocument();
  for (const operations of Object.values(paths)) {
    for (const [method, described] of Object.entries(operations)) {
      const { parameters = [], responses } = described as { parameters?: { name: string }[]; responses: object };
      expect(parameters.some(({ name }) => name === "idempotency-key")).toBe(method !== "get");
      expect(responses).toHaveProperty("default");
    }
  }
});
