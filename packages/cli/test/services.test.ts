import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { registryConfig } from "@nano/app-registry/config";
import { config as executorConfig } from "@nano/executor/config";
import { routerConfig } from "@nano/router/config";
import type { ConfigDefinition, ConfigShape } from "@nano/service-kit/config";
import { loadConfig } from "@nano/service-kit/config";
import { config as builderConfig } from "@nano/sliver-builder/config";
import { expect, onTestFinished, test } from "vitest";
import { describeServices, listUnreadSettings, ServiceName } from "../src/run/services.ts";

const definitions: Readonly<Record<string, unknown>> = {
  [ServiceName.REGISTRY]: registryConfig,
  [ServiceName.BUILDER]: builderConfig,
  [ServiceName.EXECUTOR]: executorConfig,
  [ServiceName.ROUTER]: routerConfig,
};

test("every service accepts what the launcher tells it, and gets nothing else of our environment", async () => {
  const directory = await mkdtemp(join(tmpdir(), "nano-services-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const places = {
    dataDirectory: join(directory, "data"),
    runDirectory: join(directory, "run"),
    keys: {
      directory,
      signingKeyFile: join(directory, "key.pem"),
      trustedDirectory: join(directory, "trusted"),
      secretsKeyFile: join(directory, "secrets.key"),
    },
  };
  const env = { PATH: "/bin", AWS_SECRET_ACCESS_KEY: "hush", ROUTER_LISTEN_PORT: "1" };
  const specs = describeServices(
    places,
    {
      host: "[::1]",
      port: 8080,
      egressAllowedRanges: ["10.1.0.0/16", "fd00::/8"],
      debugHeaders: true,
      clientTimeouts: { headersMs: 30_000, requestMs: 2_000, stallMs: 1_500 },
    },
    env,
  );
  expect(listUnreadSettings({ ...env, ROUTER_URL: "" })).toEqual(["ROUTER_LISTEN_PORT"]);
  expect(specs.map((spec) => spec.name)).toEqual(Object.keys(definitions));
  for (const spec of specs) {
    const definition = definitions[spec.name] as ConfigDefinition<ConfigShape>;
    expect(() => loadConfig(definition, { env: spec.env })).not.toThrow();
    expect(JSON.stringify(spec.env)).not.toContain("hush");
  }
  expect(specs[2]?.env).toMatchObject({
    EXECUTOR_EGRESS_ALLOWED_RANGES: "10.1.0.0/16,fd00::/8",
    EXECUTOR_WORKERS_DEBUG_HEADERS: "true",
  });
  expect(specs[3]?.env).toMatchObject({
    ROUTER_LISTEN_HOST: "::1",
    ROUTER_LISTEN_PORT: "8080",
    // Never longer than for the whole request, which a router would not start with.
    ROUTER_LISTEN_HEADERS_TIMEOUT_MS: "2000",
    ROUTER_LISTEN_REQUEST_TIMEOUT_MS: "2000",
    ROUTER_LISTEN_STALL_TIMEOUT_MS: "1500",
    ROUTER_LISTEN_TIMEOUT_CHECK_MS: "500",
  });
});
