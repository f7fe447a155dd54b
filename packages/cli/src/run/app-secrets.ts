/**
 * The secrets of one app: put into the registry as their files and its `.env` say, again after each change of one.
 *
 * I1 One at a time, in order; what was put last is not put again.
 * I2 What cannot be read changes nothing: what the app has, it keeps.
 */
import { type FSWatcher, watch } from "node:fs";
import { dirname } from "node:path";
import type { AppName } from "@nano/protocol/brands";
import { type DotEnv, readDotEnv } from "../config/dot-env.ts";
import { loadSecretFiles, type SecretFiles } from "../config/secret-files.ts";
import type { RegistryClient } from "../registry/registry-client.ts";

/** Files are replaced in several steps, and often several of them: so long a look waits for quiet, and no longer than this in all. */
const QUIET_MS = 50;
const MAX_WAIT_MS = 1_000;

/** Where an app's secrets are. A file of its own goes before `.env`. */
export interface SecretSources {
  readonly files: SecretFiles;
  readonly dotEnv: DotEnv | null;
}

export interface AppSecretsOptions {
  readonly app: AppName;
  readonly sources: SecretSources;
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
  #sources: SecretSources;
  /** The set that the registry has, as JSON; null: not known. */
  #applied: string | null;
  #names: readonly string[] = [];
  #timer: NodeJS.Timeout | null = null;
  /** When the oldest change came that nobody has looked at. */
  #changedMs = 0;
  #turn: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: AppSecretsOptions) {
    this.#options = options;
    this.#sources = options.sources;
    this.#applied = options.hasSecrets ? null : "{}";
    this.#watch();
  }

  setSources(sources: SecretSources): void {
    if (JSON.stringify(sources) === JSON.stringify(this.#sources)) return;
    this.#sources = sources;
    this.#watch();
  }

  /** Puts what the files hold now. Answers whether that is new. @throws CTL_SECRET_UNREADABLE, CTL_DOT_ENV_UNREADABLE, CTL_REGISTRY_… */
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
    const { files, dotEnv } = this.#sources;
    const secrets = { ...(dotEnv === null ? {} : await readDotEnv(dotEnv)), ...(await loadSecretFiles(files)) };
    const text = JSON.stringify(secrets);
    if (text === this.#applied) return false;
    await registry.replaceSecrets(app, secrets);
    this.#applied = text;
    this.#names = Object.keys(secrets);
    return true;
  }

  /** Directories, and whatever changes in them: where a secret is mounted, its file is a link to one that is replaced beside it. */
  #watch(): void {
    this.#unwatch();
    const { files, dotEnv } = this.#sources;
    const paths = [...Object.values(files), ...(dotEnv === null ? [] : [dotEnv.path])];
    for (const directory of new Set(paths.map((path) => dirname(path)))) {
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
          if (isNew && !this.#isClosed) this.#options.onApplied(this.#names);
        },
        (error: unknown) => {
          if (!this.#isClosed) this.#options.onRefused(error);
        },
      );
    }, delayMs);
  }
}
