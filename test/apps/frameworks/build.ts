/**
 * Builds the apps of this directory with their own commands, and keeps of the output what NANO takes: the server's modules in
 * `built/`, what clients load in `assets/`. `node test/apps/frameworks/build.ts`; needs the registry, 550 MB and about half a minute.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, renameSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundleApp } from "@nano/bundle/bundle-app";
import { DIGEST_FILE, digestSources, FRAMEWORKS } from "./source-digest.ts";

const HERE = import.meta.dirname;
/** Telemetry, and a place on the map for the simulator of Workers that Astro prerenders with. */
const QUIET = { ASTRO_TELEMETRY_DISABLED: "1", WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" };

const run = (directory: string, ...args: readonly string[]): void => {
  execFileSync("pnpm", args, { cwd: directory, stdio: "inherit", env: { ...process.env, ...QUIET } });
};

/** Keeps what NANO's bundle of the app reads: neither files of the build itself, nor manifests that the adapter wrote again elsewhere. */
async function dropUnread(directory: string, built: string): Promise<void> {
  const { watchFiles } = await bundleApp({ dir: directory });
  const read = new Set(watchFiles);
  const dropUnder = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) dropUnder(path);
      else if (!read.has(path)) rmSync(path);
    }
    if (readdirSync(folder).length === 0) rmdirSync(folder);
  };
  dropUnder(built);
}

run(HERE, "install", "--frozen-lockfile");
for (const app of FRAMEWORKS) {
  const directory = join(HERE, app);
  const built = join(directory, "built");
  const assets = join(directory, "assets");
  for (const old of [built, assets]) rmSync(old, { recursive: true, force: true });
  run(directory, "run", "build");
  // React Router has no setting for where its client goes.
  if (!existsSync(assets)) renameSync(join(built, "client"), assets);
  await dropUnread(directory, built);
  rmSync(join(assets, ".vite"), { recursive: true, force: true });
  writeFileSync(join(built, DIGEST_FILE), `${digestSources(app)}\n`);
}
