/** Tells whether what is built here is of the sources as they are now. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const FRAMEWORKS = ["sveltekit", "astro", "react-router"] as const;
/** In an app's `built/`. */
export const DIGEST_FILE = "sources.sha256";

const HERE = import.meta.dirname;
/** What builds write, and what they need no more than NANO does. */
const NO_SOURCES = new Set(["built", "assets", "node_modules", "nano.json"]);

/** SHA-256 of the sources of an app and of the versions that it is built with. */
export function digestSources(app: string): string {
  const directory = join(HERE, app);
  const paths = readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .filter((path) => !path.startsWith(".") && !NO_SOURCES.has(path.split("/")[0] ?? ""))
    .sort();
  const hash = createHash("sha256").update(readFileSync(join(HERE, "pnpm-lock.yaml")));
  for (const path of paths) hash.update(`\0${path}\0`).update(readFileSync(join(directory, path)));
  return hash.digest("hex");
}

/** As the build wrote it down; empty where nothing is built. */
export function builtDigest(app: string): string {
  const file = join(HERE, app, "built", DIGEST_FILE);
  return existsSync(file) ? readFileSync(file, "utf8").trim() : "";
}
