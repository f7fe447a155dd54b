/**
 * The secrets of one app: put into the registry as their files say, again after each change of a file.
 *
 * I1 One at a time, in order; what was put last is not put again.
 * I2 What cannot be read changes nothing: what the app has, it keeps.
 */
import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import type { AppName } from "@nano/protocol/brands";
import { loadSecretFiles, type SecretFiles } from "../config/secret-files.ts";
import type { RegistryClient } from "../registry/registry-client.ts";

/** Files are replaced in several steps, and often several of them: so long a look waits for quiet, and no longer than this in all. */
const QUIET_MS = 50;
const MAX_WAIT_MS = 1_000;

export interface AppSecretsOptions {
  readonly app: AppName;
  readonly files: SecretFiles;
  readonly registry: Pick<RegistryClient, "replaceSecrets">;
  /** The registry has secrets of it from before. */
  readonly hasSecrets: boolean;
  /** A change of a file was taken up; names alone. */
  onApplied(names: readonly string[]): void;
  /** A change of a file was not. */
  onRefused(error: unknown): void;
}

export class AppSecrets {
  readonly #options: AppSecretsOptions;
  readonly #watchers: FSWatcher[] = [];
  #files: SecretFiles;
  /** The set that the registry has, as JSON; null: not known. */
  #applied: string | null;
  #timer: NodeJS.Timeout | null = null;
  /** When the oldest change came that nobody has looked at. */
  #changedMs = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: AppSecretsOptions) {
    this.#options = options;
    this.#files = options.files;
    this.#applied = options.hasSecrets ? null : "{}";
    this.#watch();
  }

  setFiles(files: SecretFiles): void {
    if (JSON.stringify(files) === JSON.stringify(this.#files)) return;
    this.#files = files;
    this.#watch();
  }

  /** Puts what the files hold now. Answers whether that is new. @throws CTL_SECRET_UNREADABLE, CTL_REGISTRY_… */
  apply(): Promise<boolean> {
    const result = this.#turn.then(() => this.#applyNow());
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Resolves when nothing of it is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#unwatch();
    await this.#turn;
  }

  async #applyNow(): Promise<boolean> {
    if (this.#isClosed) return false;
    const { app, registry } = this.#options;
    const secrets = await loadSecretFiles(this.#files);
    const text = JSON.stringify(secrets);
    if (text === this.#applied) return false;
    await registry.replaceSecrets(app, secrets);
    this.#applied = text;
    return true;
  }

  /** Directories, and whatever changes in them: where a secret is mounted, its file is a link to one that is replaced beside it. */
  #watch(): void {
    this.#unwatch();
    for (const directory of new Set(Object.values(this.#files).map((path) => dirname(path)))) {
      try {
        const watcher = watch(directory, () => this.#lookLater());
        watcher.on("error", () => {}); // The directory went away, and its files with it.
        this.#watchers.push(watcher);
      } catch (error) {
        this.#options.onRefused(error);
      }
    }
  }

  #unwatch(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }

  #lookLater(): void {
    const nowMs = performance.now();
    if (this.#timer === null) this.#changedMs = nowMs;
    else clearTimeout(this.#timer);
    const delayMs = Math.min(QUIET_MS, Math.max(0, this.#changedMs + MAX_WAIT_MS - nowMs));
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.apply().then(
        (isNew) => {
          if (isNew && !this.#isClosed) this.#options.onApplied(Object.keys(this.#files));
        },
        (error: unknown) => {
          if (!this.#isClosed) this.#options.onRefused(error);
        },
      );
    }, delayMs);
  }
}
