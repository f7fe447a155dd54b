/**
 * Keeps the routing state on disk up to date, without getting in the way of requests.
 *
 * I1 One write at a time; states that come meanwhile are one write, of the last of them.
 * I2 A file that cannot be written is a warning, once until it can, and never the end of routing.
 */
import type { StoreState } from "@nano/control-store/follow-store";
import type { Logger } from "@nano/service-kit/logger";
import { confirmRoutes, type LoadedRoutes, loadRoutes, type RoutesFile, saveRoutes } from "./routes-file.ts";

const MIN_PAUSE_MS = 1_000;
/** A write may take one part in so many of the time: a big state in steady change is written less often. */
const PAUSE_PER_WRITE = 20;
const CONFIRM_INTERVAL_MS = 30_000;

export interface RoutesKeeperOptions {
  readonly file: RoutesFile;
  readonly logger: Logger;
  /** Whether the state that was saved last is what the control store has now. */
  isCurrent(): boolean;
  onSaved(outcome: "saved" | "failed", bytes: number): void;
}

export class RoutesKeeper {
  readonly #options: RoutesKeeperOptions;
  readonly #confirming: NodeJS.Timeout;
  #pending: StoreState | null = null;
  #writing: Promise<void> | null = null;
  #pause: NodeJS.Timeout | null = null;
  #isFailing = false;
  #hasSaved = false;

  constructor(options: RoutesKeeperOptions) {
    this.#options = options;
    this.#confirming = setInterval(() => void this.#confirm(), CONFIRM_INTERVAL_MS).unref();
  }

  /** What was kept; null: nothing that can be used. */
  async load(): Promise<LoadedRoutes | null> {
    const { file, logger } = this.#options;
    const result = await loadRoutes(file);
    if (result.type === "loaded") return result;
    if (result.type === "unusable") logger.error("kept routes cannot be used", { path: file.path, why: result.why });
    return null;
  }

  /** Keeps this state, soon. */
  save(state: StoreState): void {
    this.#pending = state;
    if (this.#writing === null && this.#pause === null) this.#write();
  }

  /** Resolves when what was to be kept is. */
  async close(): Promise<void> {
    clearInterval(this.#confirming);
    await this.#writing;
    if (this.#pause !== null) clearTimeout(this.#pause);
    this.#pause = null;
    if (this.#pending !== null) this.#write();
    await this.#writing;
    if (this.#pause !== null) clearTimeout(this.#pause);
    await this.#confirm();
  }

  #write(): void {
    const state = this.#pending;
    if (state === null) return;
    this.#pending = null;
    const startedMs = performance.now();
    this.#writing = this.#tryToSave(state).then(() => {
      this.#writing = null;
      const pauseMs = Math.max(MIN_PAUSE_MS, (performance.now() - startedMs) * PAUSE_PER_WRITE);
      this.#pause = setTimeout(() => {
        this.#pause = null;
        this.#write();
      }, pauseMs).unref();
    });
  }

  async #tryToSave(state: StoreState): Promise<void> {
    const { file } = this.#options;
    try {
      const bytes = await saveRoutes(state, file);
      if (bytes === null) this.#fail(new Error(`Routes need more than ${file.maxBytes} bytes`));
      else {
        this.#isFailing = false;
        this.#hasSaved = true;
        this.#options.onSaved("saved", bytes);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(err: unknown): void {
    this.#options.onSaved("failed", 0);
    if (!this.#isFailing) this.#options.logger.error("routes cannot be kept", { path: this.#options.file.path, err });
    this.#isFailing = true;
  }

  async #confirm(): Promise<void> {
    if (!this.#hasSaved || this.#isFailing || this.#pending !== null || !this.#options.isCurrent()) return;
    await confirmRoutes(this.#options.file).catch((err: unknown) => this.#fail(err));
  }
}
