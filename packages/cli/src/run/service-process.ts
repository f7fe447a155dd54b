/**
 * One service as a child process, for as long as the launcher runs.
 *
 *   starting ──ready──▶ running ──exit──▶ waiting ──▶ starting …      stopping ──▶ stopped
 *
 * I1 A first start that fails is the launcher's failure; after that a dead process is started again, the first time
 *    at once and then after pauses that grow to `MAX_PAUSE_MS`.
 * I2 `stop` leaves no process: the child leads a process group, and what is left of that is killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { errors } from "../errors.ts";
import { splitLines } from "../output/split-lines.ts";

const START_TIMEOUT_MS = 30_000;
const FIRST_PAUSE_MS = 100;
const MAX_PAUSE_MS = 2000;
/** A process that lived this long begins anew without a pause. */
const STABLE_MS = 10_000;
/** Lines of a failed start that its error holds. */
const KEPT_LINES = 20;

export interface ServiceSpec {
  readonly name: string;
  /** Path of its `main.ts`, or of what was built of it. */
  readonly main: string;
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
}

export interface ServiceProcessOptions {
  readonly spec: ServiceSpec;
  /** Takes each line of its output; reading waits for it. */
  onLine(line: string): Promise<void> | void;
  /** Hears of each end that nobody asked for. */
  onLost(why: string): void;
  /** Hears of each return. */
  onBack(): void;
}

export type Addresses = Readonly<Record<string, string>>;

interface ReadyMessage {
  readonly type: "ready";
  readonly addresses?: Addresses;
}

function isReadyMessage(message: unknown): message is ReadyMessage {
  return typeof message === "object" && message !== null && (message as { type?: unknown }).type === "ready";
}

export class ServiceProcess {
  readonly name: string;
  readonly #options: ServiceProcessOptions;
  #spec: ServiceSpec;
  #child: ChildProcess | null = null;
  #state: "idle" | "starting" | "running" | "waiting" | "stopping" | "stopped" = "idle";
  #restartCount = 0;
  #pauseMs = 0;
  #startedAtMs = 0;
  #timer: NodeJS.Timeout | null = null;
  #recentLines: string[] = [];

  constructor(options: ServiceProcessOptions) {
    this.name = options.spec.name;
    this.#options = options;
    this.#spec = options.spec;
  }

  get isRunning(): boolean {
    return this.#state === "running";
  }

  get restartCount(): number {
    return this.#restartCount;
  }

  /** Starts it for the first time. Answers where it listens. @throws CTL_SERVICE_NOT_STARTED */
  start(): Promise<Addresses> {
    return this.#startOnce();
  }

  /** What its next start begins with; the launcher keeps the port that the first start was given. */
  setEnv(env: Readonly<Record<string, string>>): void {
    this.#spec = { ...this.#spec, env };
  }

  /** Ends it and starts it with another environment. @throws CTL_SERVICE_NOT_STARTED */
  async replace(env: Readonly<Record<string, string>>, graceMs: number): Promise<Addresses> {
    await this.stop(graceMs);
    this.#spec = { ...this.#spec, env };
    return this.#startOnce();
  }

  /** Asks it to end, and kills what is left after the grace. Idempotent. */
  async stop(graceMs: number): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const child = this.#child;
    this.#state = "stopping";
    if (child !== null) {
      const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGTERM");
        const killer = setTimeout(() => this.#killGroup(child), graceMs);
        await ended;
        clearTimeout(killer);
      }
    }
    this.#state = "stopped";
  }

  /** Kills it and all that it started. */
  kill(): void {
    if (this.#child !== null) this.#killGroup(this.#child);
  }

  async #startOnce(): Promise<Addresses> {
    this.#state = "starting";
    this.#startedAtMs = performance.now();
    this.#recentLines = [];
    const child = spawn(process.execPath, [this.#spec.main], {
      env: this.#spec.env,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
    });
    this.#child = child;
    const outputEnded = Promise.all([this.#read(child.stdout), this.#read(child.stderr)]);

    return new Promise<Addresses>((resolve, reject) => {
      let isReady = false;
      const timer = setTimeout(() => this.#killGroup(child), START_TIMEOUT_MS);
      child.on("message", (message) => {
        if (isReady || !isReadyMessage(message)) return;
        isReady = true;
        clearTimeout(timer);
        if (this.#state === "starting") this.#state = "running";
        resolve(message.addresses ?? {});
      });
      child.on("error", (error) => {
        clearTimeout(timer);
        reject(errors.SERVICE_NOT_STARTED({ service: this.name, why: error.message }, error));
      });
      child.on("exit", async (code, signal) => {
        clearTimeout(timer);
        // Its own children (an executor's workers) must not outlive it.
        this.#killGroup(child);
        const why = signal === null ? `exit code ${code}` : `${signal} (${constants.signals[signal]})`;
        if (isReady) {
          this.#recover(why);
          return;
        }
        await outputEnded;
        const said = this.#recentLines.map((line) => `\n  ${line}`).join("");
        reject(errors.SERVICE_NOT_STARTED({ service: this.name, why: `${why}${said}` }));
      });
    });
  }

  #recover(why: string): void {
    if (this.#state === "stopping" || this.#state === "stopped") return;
    this.#options.onLost(why);
    const isStable = performance.now() - this.#startedAtMs >= STABLE_MS;
    const pauseMs = isStable ? 0 : this.#pauseMs;
    this.#pauseMs = Math.min(MAX_PAUSE_MS, Math.max(FIRST_PAUSE_MS, pauseMs * 2));
    this.#restartCount += 1;
    this.#state = "waiting";
    this.#timer = setTimeout(() => {
      this.#startOnce().then(
        () => this.#options.onBack(),
        (error: Error) => this.#recover(error.message),
      );
    }, pauseMs);
  }

  async #read(stream: Readable | null): Promise<void> {
    if (stream === null) return;
    await splitLines(stream, (line) => {
      // Log records are shown by `onLine`; what is none is the last word of a crash.
      if (this.#state === "starting" && !line.startsWith("{"))
        this.#recentLines = [...this.#recentLines, line].slice(-KEPT_LINES);
      return this.#options.onLine(line);
    });
  }

  #killGroup(child: ChildProcess): void {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch (error) {
      // ESRCH: nothing is left of it, which is what was wanted.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
}
