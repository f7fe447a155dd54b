/** Slivers of apps, built, stored and unpacked as a builder and a node do: what benchmarks of a worker start from. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { bundleApp } from "@nano/bundle/bundle-app";
import type { AppName, VersionId } from "@nano/protocol/brands";
import { type Manifest, resolveManifest } from "@nano/protocol/manifest";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { NodeCache } from "@nano/sliver/node-cache";
import { createSigningKey, trustedKeysOf } from "@nano/sliver/signing-key";
import type { SliverManifest } from "@nano/sliver/sliver-manifest";
import { digestOf } from "@nano/sliver/sliver-store";
import type { BuildChildren } from "@nano/sliver-builder/build/build-children";
import { buildSliver } from "@nano/sliver-builder/build-sliver";

export const BENCH_APP = "bench" as AppName;
export const BENCH_VERSION = "v0000000000000000" as VersionId;
/** The machine may be loaded, and then an entry takes long without taking CPU. */
const REQUEST_LIMITS = { cpu_time_ms: 5_000 };

/** Can be sent to another process. */
export interface BenchSliver {
  /** In the worker's directory. */
  readonly path: string;
  readonly manifest: Manifest;
  readonly script: string;
  /** As it is stored. */
  readonly sliverBytes: number;
  readonly sliver: SliverManifest;
  /** What the builder told the app's author. */
  readonly warnings: readonly string[];
}

export class BenchSlivers {
  readonly #links: string;
  readonly #key: ReturnType<typeof createSigningKey>;
  readonly #store: DirectoryStore;
  readonly #cache: NodeCache;
  readonly #children: BuildChildren | undefined;

  /** @param children processes to build in. @default ones of each build's own */
  static async open(directory: string, children?: BuildChildren): Promise<BenchSlivers> {
    const links = join(directory, "worker");
    mkdirSync(links, { recursive: true });
    const key = createSigningKey();
    const store = new DirectoryStore(join(directory, "store"));
    const trustedKeys = () => trustedKeysOf(key);
    const cache = await NodeCache.open({ directory: join(directory, "cache"), store, trustedKeys });
    return new BenchSlivers({ links, key, store, cache, children });
  }

  private constructor(parts: {
    readonly links: string;
    readonly key: ReturnType<typeof createSigningKey>;
    readonly store: DirectoryStore;
    readonly cache: NodeCache;
    readonly children: BuildChildren | undefined;
  }) {
    this.#links = parts.links;
    this.#key = parts.key;
    this.#store = parts.store;
    this.#cache = parts.cache;
    this.#children = parts.children;
  }

  /** Of the app in a directory. @throws where it is not built on the heap rung */
  async make(source: string): Promise<BenchSliver> {
    const { artifact, manifest: written } = await bundleApp({ dir: source });
    if (artifact === null) throw new Error(`${source} has no script`);
    const manifest = resolveManifest({ ...written, limits: { ...written.limits, ...REQUEST_LIMITS } });
    const bundleDigest = digestOf(Buffer.from(JSON.stringify(artifact)));
    const warnings: string[] = [];
    const built = await buildSliver(
      { app: BENCH_APP, versionId: BENCH_VERSION, manifest, bundle: artifact, bundleDigest },
      {
        signingKey: this.#key,
        onEvent: (event) => {
          if (event.type === "log" && event.level === "warn") warnings.push(event.text);
        },
        ...(this.#children === undefined ? {} : { children: this.#children }),
      },
    );
    if (built.type === "failed") throw new Error(`${source}: ${built.error.message}`);
    const { rung, skippedRungs } = built.manifest;
    if (rung !== "heap") throw new Error(`${source} is built on the ${rung} rung: ${skippedRungs[0]?.reason}`);
    const digest = digestOf(built.sliver);
    await this.#store.put(digest, built.sliver);
    return {
      path: await this.#cache.linkFor(this.#links, digest),
      manifest,
      script: artifact.script,
      sliverBytes: built.sliver.byteLength,
      sliver: built.manifest,
      warnings,
    };
  }
}
