/** Makes the slivers of a churn, as a builder and a node do, and asks each app in this process what is right to answer. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleApp } from "@nano/bundle/bundle-app";
import type { AppName, VersionId } from "@nano/protocol/brands";
import { resolveManifest } from "@nano/protocol/manifest";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { NodeCache } from "@nano/sliver/node-cache";
import { createSigningKey, trustedKeysOf } from "@nano/sliver/signing-key";
import { digestOf } from "@nano/sliver/sliver-store";
import { BUILD_STEPS, BuildChildren } from "@nano/sliver-builder/build/build-children";
import { buildSliver } from "@nano/sliver-builder/build-sliver";
import { loadAppFrom } from "../apps/load-app.ts";
import type { ChurnQuestion, ChurnSliver } from "./churn.ts";
import { writeChurnApp } from "./churn-apps.ts";

const APPS_DIRECTORY = fileURLToPath(new URL("../apps/", import.meta.url));
/** Real apps among them, and what they are asked. */
const REAL_APPS: Readonly<Record<string, readonly string[]>> = {
  "hono-api": ["/books?limit=3", "/hello/Mira", "/none"],
  "react-ssr": ["/?whole&city=Oslo", "/?whole"],
  "markdown-blog": ["/posts/first-light", "/"],
  "zod-schema": ["/products?tag=tea", "/schemas/orders", "/"],
};
const SYNTHETIC_PATHS = ["/?n=12", "/?n=77", "/?n=1000"];
/** Builds at once. */
const AT_ONCE = 2;
/** The first answer of a real app runs code that was never run before; the machine may be loaded. */
const LIMITS = { cpu_time_ms: 5_000 };

/** @param directory for the apps, the store and the links from which the churn restores */
export async function makeChurnSlivers(
  count: number,
  { directory, onMade }: { readonly directory: string; onMade(doneCount: number): void },
): Promise<ChurnSliver[]> {
  const signingKey = createSigningKey();
  const store = new DirectoryStore(join(directory, "store"));
  const trustedKeys = () => trustedKeysOf(signingKey);
  const cache = await NodeCache.open({ directory: join(directory, "cache"), store, trustedKeys });
  const links = join(directory, "links");
  mkdirSync(links);
  const children = new BuildChildren({ spareCount: AT_ONCE * BUILD_STEPS });
  const real = Object.entries(REAL_APPS).map(([name, paths]) => ({ source: join(APPS_DIRECTORY, name), paths }));
  const made: ChurnSliver[] = [];
  let nextNumber = 0;
  const makeNext = async (): Promise<void> => {
    while (nextNumber < count) {
      const number = nextNumber++;
      // Real ones first, so that a short churn has them, too.
      const app = real[number] ?? { source: writeChurnApp(join(directory, "apps"), number), paths: SYNTHETIC_PATHS };
      made.push(await makeOne(number, app));
      onMade(made.length);
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, makeNext));
  } finally {
    await children.close();
  }
  return made;

  async function makeOne(number: number, { source, paths }: { source: string; paths: readonly string[] }) {
    const { artifact, manifest: written } = await bundleApp({ dir: source });
    if (artifact === null) throw new Error(`${source} has no script`);
    const manifest = resolveManifest({ ...written, limits: { ...written.limits, ...LIMITS } });
    const app = `churn-${number}` as AppName;
    const versionId = `v${number.toString(16).padStart(16, "0")}` as VersionId;
    const bundleDigest = digestOf(Buffer.from(JSON.stringify(artifact)));
    const built = await buildSliver(
      { app, versionId, manifest, bundle: artifact, bundleDigest },
      { signingKey, children },
    );
    if (built.type === "failed") throw new Error(`${source}: ${built.error.message}`);
    if (built.manifest.rung !== "heap")
      throw new Error(
        `${source} is built on the ${built.manifest.rung} rung: ${built.manifest.skippedRungs[0]?.reason}`,
      );
    const digest = digestOf(built.sliver);
    await store.put(digest, built.sliver);
    const questions: ChurnQuestion[] = [];
    for (const path of paths) {
      // A fresh one for each, as `request` mode gives.
      const answer = await (await loadAppFrom(source, `${app}.localhost`, manifest.envVars)).fetch(path);
      questions.push({ url: `http://${app}.localhost${path}`, status: answer.status, body: await answer.text() });
    }
    const path = await cache.linkFor(links, digest);
    return { app, path, limits: manifest.limits, envJson: JSON.stringify(manifest.envVars), questions };
  }
}
