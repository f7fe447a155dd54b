/**
 * A supervisor's cache in a process of its own: `admit STORE CACHE TRUSTED DIGEST…` admits one after the other, for ever, telling
 * each; `key FILE` loads or makes a signing key and tells its id.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { ArtifactDigest } from "@nano/protocol/brands";
import { DirectoryStore } from "@nano/sliver/directory-store";
import { NodeCache } from "@nano/sliver/node-cache";
import { loadOrCreateSigningKey, loadTrustedKeys } from "@nano/sliver/signing-key";

const [task, ...rest] = process.argv.slice(2);

async function admitForever([store = "", directory = "", trusted = "", ...digests]: string[]): Promise<void> {
  const keys = await loadTrustedKeys(trusted);
  for (;;) {
    const cache = await NodeCache.open({
      directory,
      store: new DirectoryStore(store),
      trustedKeys: () => keys,
    });
    for (const digest of digests) {
      await cache.admit(digest as ArtifactDigest);
      process.stdout.write(`${digest}\n`);
    }
    for (const digest of digests) await rm(join(directory, "entries", `${digest}.sliver`), { force: true });
  }
}

if (task === "admit") await admitForever(rest);
else process.stdout.write((await loadOrCreateSigningKey(rest[0] ?? "")).keyId);
