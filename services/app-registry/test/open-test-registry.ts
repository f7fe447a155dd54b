import { hash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EmbeddedBuildQueue } from "@nano/control-store/embedded-build-queue";
import { EmbeddedControlStore } from "@nano/control-store/embedded-control-store";
import type { ArtifactDigest } from "@nano/protocol/brands";
import { loadConfig } from "@nano/service-kit/config";
import { createSilentLogger } from "@nano/service-kit/logger";
import { Metrics } from "@nano/service-kit/metrics";
import { encodeAssetHead } from "@nano/sliver/asset-index";
import { DirectoryStore } from "@nano/sliver/directory-store";
import type { SliverStore } from "@nano/sliver/sliver-store";
import { onTestFinished } from "vitest";
import { registryConfig } from "../src/config.ts";
import { openRegistry } from "../src/open-registry.ts";
import { ApiClient, OPERATOR_TOKEN } from "./api-client.ts";

export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), "nano-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function digestOf(content: string | Buffer): ArtifactDigest {
  return hash("sha256", content) as ArtifactDigest;
}

/** An asset pack that serves `text` at `/a.txt`. */
export function assetPackOf(text: string, change: object = {}): Buffer {
  const body = Buffer.from(text);
  const entry = { path: "/a.txt", offset: 0, length: body.length, contentType: "text/plain", etag: "0".repeat(16) };
  const index = Buffer.from(JSON.stringify([{ ...entry, ...change }]));
  return Buffer.concat([encodeAssetHead(index.length), index, body]);
}

/** What an artifact store holds. */
export async function listDigests(artifacts: Pick<SliverStore, "list">): Promise<ArtifactDigest[]> {
  const digests: ArtifactDigest[] = [];
  for await (const { digest } of artifacts.list()) digests.push(digest);
  return digests.sort();
}

/** A file with the token of `ApiClient`. */
export function writeOperatorToken(directory: string): string {
  const path = join(directory, "operator.token");
  writeFileSync(path, `${OPERATOR_TOKEN}\n`);
  return path;
}

/** A registry in this process, with a client of its API and clients of its store and queue. */
export async function openTestRegistry(explicit: Parameters<typeof loadConfig<typeof registryConfig.shape>>[1] = {}) {
  const directory = temporaryDirectory();
  const settings = explicit.explicit ?? {};
  const tokens = { bootstrap: writeOperatorToken(directory) as never, ...settings.tokens };
  const { value: config } = loadConfig(registryConfig, {
    explicit: { ...settings, tokens, http: { address: "127.0.0.1:0", ...settings.http }, data: { directory } },
  });
  const registry = await openRegistry({
    config,
    logger: createSilentLogger(),
    metrics: new Metrics("registry"),
    fail: (error) => {
      throw error;
    },
  });
  const socketPath = registry.addresses.store as string;
  const store = new EmbeddedControlStore(socketPath);
  const queue = new EmbeddedBuildQueue(socketPath);
  onTestFinished(async () => {
    await Promise.all([store.close(), queue.close()]);
    await registry.close(AbortSignal.timeout(5000));
  });
  const artifacts = new DirectoryStore(join(directory, "artifacts"));
  return { directory, registry, store, queue, artifacts, api: new ApiClient(`http://${registry.addresses.http}`) };
}
