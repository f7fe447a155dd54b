/**
 * Builds the apps of this directory with their own commands, and keeps of the output what a Workers runtime takes: the server's modules in
 * `built/`, what clients load in `assets/`. `node test/apps/frameworks/build.ts`; needs the registry, 550 MB and about half a minute.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DIGEST_FILE, digestSources, FRAMEWORKS } from "./source-digest.ts";

const HERE = import.meta.dirname;
/** Types, files of the build itself, and a second copy of `assets/`. */
const UNUSED = /\.map$|\.d\.ts$|^\.vite$|^wrangler\.json$|^tsconfig\.json$|^(generated|types|client|prerendered)$/;
/** Telemetry, and a place on the map for the simulator of Workers that Astro prerenders with. */
const QUIET = { ASTRO_TELEMETRY_DISABLED: "1", WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" };

const run = (directory: string, ...args: readonly string[]): void => {
  execFileSync("pnpm", args, { cwd: directory, stdio: "inherit", env: { ...process.env, ...QUIET } });
};

function dropUnused(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (UNUSED.test(entry.name)) rmSync(path, { recursive: true });
    else if (entry.isDirectory()) dropUnused(path);
  }
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
  dropUnused(built);
  rmSync(join(assets, ".vite"), { recursive: true, force: true });
  writeFileSync(join(built, DIGEST_FILE), `${digestSources(app)}\n`);
}
