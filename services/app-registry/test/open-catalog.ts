/** Catalog, deploys and collector over a real store, with a clock that stands still and builds that end by hand. */
import { join } from "node:path";
import { openEmbedded } from "@nano/control-store/open-embedded";
import type { AppName, ArtifactDigest, VersionId } from "@nano/protocol/brands";
import { type DeployRequestInput, deployRequestSchema } from "@nano/protocol/registry-api";
import { createSilentLogger } from "@nano/service-kit/logger";
import { Metrics } from "@nano/service-kit/metrics";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { onTestFinished } from "vitest";
import { REGISTRY_ITSELF } from "../src/catalog/author.ts";
import { Catalog } from "../src/catalog/catalog.ts";
import { Deploys } from "../src/catalog/deploys.ts";
import { ArtifactCollector } from "../src/control/artifact-collector.ts";
import { ArtifactUse } from "../src/control/artifact-use.ts";
import { ArtifactCheck } from "../src/request/artifact-check.ts";
import { ENGINE } from "./hand-builder.ts";
import { digestOf, temporaryDirectory } from "./open-test-registry.ts";

export const GRACE_MS = 100_000;

/** Lets a test do something at the very moment when an artifact is about to be removed. */
class ObservedStore extends DirectoryStore {
  beforeDelete: (digest: ArtifactDigest) => Promise<void> = async () => {};

  override async deleteOlder(digest: ArtifactDigest, beforeMs: number): Promise<boolean> {
    await this.beforeDelete(digest);
    return super.deleteOlder(digest, beforeMs);
  }
}

export async function openCatalog(settings: { readonly keptCount?: number; readonly removesAtOnce?: boolean } = {}) {
  const directory = temporaryDirectory();
  const clock = { nowMs: 1_000_000 };
  const nowMs = (): number => clock.nowMs;
  const logger = createSilentLogger();
  const artifacts = new ObservedStore(join(directory, "artifacts"), { nowMs });
  const { store, close } = openEmbedded(join(directory, "store.sqlite"));
  const closing = new AbortController();
  const metrics = new Metrics("registry");
  const use = new ArtifactUse();
  const catalog: Catalog = new Catalog(store, {
    logger,
    releases: { prepare: (released) => collector.prepare(released), take: (released) => collector.take(released) },
  });
  const collector: ArtifactCollector = new ArtifactCollector({
    catalog,
    artifacts,
    use,
    graceMs: GRACE_MS,
    removesAtOnce: settings.removesAtOnce ?? true,
    roundEveryMs: 3_600_000,
    logger,
    metrics,
    nowMs,
  });
  const following = catalog.runFollow(closing.signal);
  onTestFinished(async () => {
    closing.abort();
    await Promise.all([following, collector.run(closing.signal)]);
    await close();
  });
  await catalog.waitFor(() => true, closing.signal, 5_000);
  const deploys = new Deploys({
    catalog,
    artifacts,
    limits: { appCount: 10, buildingCount: 10, keptVersionCount: settings.keptCount ?? 5 },
    startBuild: async () => {},
    logger,
  });
  const check = new ArtifactCheck(artifacts);

  /** As `PUT /v1/artifacts`. */
  const upload = async (content: string | Buffer): Promise<ArtifactDigest> => {
    const digest = digestOf(content);
    await use.upload(digest, () => artifacts.put(digest, Buffer.from(content)));
    return digest;
  };
  /** As `POST /v1/apps/:app/versions`; every deploy is a millisecond after what was before it. */
  const deploy = async (app: string, input: Partial<DeployRequestInput>): Promise<VersionId> => {
    const request = deployRequestSchema.parse({ manifest: {}, activate: true, ...input });
    const digests = [request.bundle, request.assets, request.sliver].filter((digest) => digest !== null);
    const { version } = await use.deploy(digests, async () => {
      await check.admit(request);
      return deploys.deploy(app as AppName, request, REGISTRY_ITSELF);
    });
    clock.nowMs += 1;
    return version;
  };
  const publish = async (content: string): Promise<ArtifactDigest> => {
    const sliver = digestOf(content);
    await artifacts.put(sliver, Buffer.from(content));
    return sliver;
  };
  const queuedAtOf = (version: VersionId): string | undefined => {
    const build = catalog.state.records.get(`build/${version}`);
    return build?.kind === "build" ? build.queuedAt : undefined;
  };
  const recordBuilt = (version: VersionId, sliver: ArtifactDigest): Promise<void> => {
    const outcome = { type: "built", fingerprint: ENGINE, sliver, rung: "heap", elapsedMs: 1 } as const;
    return deploys.settle(version, outcome, queuedAtOf(version));
  };
  const finish = async (version: VersionId, content = `sliver of ${version}`): Promise<ArtifactDigest> => {
    const sliver = await publish(content);
    await recordBuilt(version, sliver);
    clock.nowMs += 1;
    return sliver;
  };
  const fail = (version: VersionId, fault: "tenant" | "platform" = "tenant"): Promise<void> => {
    const error = { code: "X", message: "x", retryable: false, httpStatus: 500, reason: "x", details: {} } as const;
    return deploys.settle(version, { type: "failed", error: { ...error, fault } }, queuedAtOf(version));
  };
  const build = (version: VersionId) => catalog.state.records.get(`build/${version}`);
  const parts = { directory, clock, artifacts, collector, catalog, deploys, metrics };
  return { ...parts, upload, deploy, publish, recordBuilt, finish, fail, build };
}
