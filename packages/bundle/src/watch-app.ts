/**
 * Bundles an app again whenever one of its files changes.
 *
 * I1 Changes that come together are one rebuild; one rebuild runs at a time; a change during it causes one more.
 * I2 The listener hears the first bundle, and then only of bundles that differ, of assets that changed, and of failures.
 * I3 A failed build leaves the watch in place: the next edit is built.
 * I4 Whatever goes wrong after the start, in here or in the listener, is a `failed` event and nothing else.
 */
import { createHash } from "node:crypto";
import type { Dirent, FSWatcher } from "node:fs";
import { watch } from "node:fs";
import { readdir } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { isNanoError, NanoError, toWireError } from "@nano/protocol/errors";
import { ASSETS_DIRECTORY, directoryOf } from "./app-source.ts";
import type { ScriptForm } from "./build-options.ts";
import { type BundledApp, type BundleOptions, bundleApp } from "./bundle-app.ts";
import { errors } from "./errors.ts";

/** Editors write a file in several steps: so long a rebuild waits for quiet. */
export const QUIET_MS = 40;
export const MAX_WATCHED_DIRECTORIES = 2_000;
const UNWATCHED_NAMES: ReadonlySet<string> = new Set(["node_modules", "dist"]);

export type WatchEvent =
  | { readonly type: "bundled"; readonly app: BundledApp; readonly areAssetsChanged: boolean }
  | { readonly type: "failed"; readonly error: NanoError };

export interface AppWatch {
  /** Idempotent. No event follows. */
  close(): Promise<void>;
}

/** Builds once, reports, and goes on until `close`. @throws BUNDLE_NO_ENTRY (no such directory), BUNDLE_TOO_MANY_DIRECTORIES */
export async function watchApp(options: BundleOptions, onChange: (event: WatchEvent) => void): Promise<AppWatch> {
  const watcher = new AppWatcher(options, await directoryOf(options), onChange);
  try {
    await watcher.start();
  } catch (error) {
    await watcher.close();
    throw error;
  }
  return watcher;
}

class AppWatcher implements AppWatch {
  readonly #options: BundleOptions;
  readonly #directory: string;
  readonly #onChange: (event: WatchEvent) => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #quietTimer: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  #isDirty = false;
  #areAssetsDirty = true;
  #isClosed = false;
  /** Digest of what the listener heard last. */
  #reported = "";
  #inputFiles: readonly string[] = [];
  #assetsDir: string | null = null;
  /** Of the last bundle: the next one is likely to have it too. */
  #form: ScriptForm = "sync";

  constructor(options: BundleOptions, directory: string, onChange: (event: WatchEvent) => void) {
    this.#options = options;
    this.#directory = directory;
    this.#onChange = onChange;
  }

  async start(): Promise<void> {
    await this.#watchDirectories();
    this.#running = this.#rebuildUntilClean();
    await this.#running;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#quietTimer !== null) clearTimeout(this.#quietTimer);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    await this.#running;
  }

  #onFileEvent(directory: string): void {
    if (this.#isClosed) return;
    this.#isDirty = true;
    const assets = join(this.#directory, ASSETS_DIRECTORY);
    this.#areAssetsDirty ||= directory === assets || directory.startsWith(assets + sep);
    if (this.#quietTimer !== null) clearTimeout(this.#quietTimer);
    this.#quietTimer = setTimeout(() => {
      this.#quietTimer = null;
      this.#running ??= this.#rebuildUntilClean();
    }, QUIET_MS);
  }

  async #rebuildUntilClean(): Promise<void> {
    do {
      this.#isDirty = false;
      const areAssetsChanged = this.#areAssetsDirty;
      this.#areAssetsDirty = false;
      const event = await this.#rebuild(areAssetsChanged);
      if (this.#isClosed) break;
      this.#report(event, areAssetsChanged);
    } while (this.#isDirty && !this.#isClosed);
    this.#running = null;
  }

  #report(event: WatchEvent, areAssetsChanged: boolean): void {
    const digest = digestOf(event);
    if (digest === this.#reported && !areAssetsChanged) return;
    this.#reported = digest;
    try {
      this.#onChange(event);
    } catch (error) {
      // Nobody waits for this: thrown on, it would end the process.
      this.#tellFailure(error);
    }
  }

  #tellFailure(error: unknown): void {
    try {
      this.#onChange(toFailure(error));
    } catch {
      // A listener that throws at its own failure has been told: the watch goes on.
    }
  }

  async #rebuild(areAssetsChanged: boolean): Promise<WatchEvent> {
    try {
      // Before the build, so that a directory made meanwhile is not missed.
      await this.#watchDirectories();
      const app = await bundleApp({ ...this.#options, expectedForm: this.#form });
      this.#form = app.form ?? this.#form;
      this.#inputFiles = app.watchFiles;
      await this.#watchDirectories();
      const isOtherDirectory = app.assetsDir !== this.#assetsDir;
      this.#assetsDir = app.assetsDir;
      return { type: "bundled", app, areAssetsChanged: areAssetsChanged || isOtherDirectory };
    } catch (error) {
      return toFailure(error);
    }
  }

  /** Watches the app's directories, and those of its inputs outside; lets go of those that are gone. */
  async #watchDirectories(): Promise<void> {
    const wanted = await listDirectories(this.#directory);
    for (const file of this.#inputFiles) {
      if (!file.includes(`${sep}node_modules${sep}`)) wanted.add(dirname(file));
    }
    if (this.#isClosed) return;
    for (const [directory, watcher] of this.#watchers) {
      if (wanted.has(directory)) continue;
      watcher.close();
      this.#watchers.delete(directory);
    }
    for (const directory of wanted) {
      if (this.#watchers.has(directory)) continue;
      const watcher = openWatcher(directory, () => this.#onFileEvent(directory));
      if (watcher !== null) this.#watchers.set(directory, watcher);
    }
  }
}

function openWatcher(directory: string, onEvent: () => void): FSWatcher | null {
  try {
    // An error event means that the directory went away, which its parent reports too.
    return watch(directory, { persistent: true }, onEvent).on("error", onEvent);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

async function listDirectories(root: string): Promise<Set<string>> {
  const found = new Set<string>([root]);
  for (const directory of found) {
    const entries: Dirent[] = await readdir(directory, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (!entry.isDirectory() || entry.name.startsWith(".") || UNWATCHED_NAMES.has(entry.name)) continue;
      found.add(join(directory, entry.name));
    }
    if (found.size > MAX_WATCHED_DIRECTORIES) {
      throw errors.TOO_MANY_DIRECTORIES({ directory: root, limitCount: MAX_WATCHED_DIRECTORIES });
    }
  }
  return found;
}

function toFailure(error: unknown): WatchEvent {
  return { type: "failed", error: isNanoError(error) ? error : new NanoError(toWireError(error), error) };
}

/** Each part by itself: a script and a map of the largest size are more than one string can hold. */
function digestOf(event: WatchEvent): string {
  const digest = createHash("sha256");
  if (event.type === "failed") return digest.update(event.error.message).digest("hex");
  const { artifact, manifest, assetsDir, entry } = event.app;
  digest.update(JSON.stringify([artifact?.script.length ?? null, manifest, assetsDir, entry]));
  if (artifact !== null) {
    digest.update(artifact.script).update(artifact.sourceMap);
    for (const module of artifact.wasm ?? []) digest.update(module).update(",");
  }
  return digest.digest("hex");
}
