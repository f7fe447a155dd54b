/** Keeps the egress process of this executor, and connects workers to it. */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Logger } from "@nano/service-kit/logger";
import type { EgressSettings } from "../egress/egress-config.ts";
import type { EgressCounts } from "../egress/egress-counters.ts";
import type { EgressCommand, EgressReport } from "../egress/egress-messages.ts";
import type { WorkerProcess } from "./worker-process.ts";

const EGRESS_ENTRY = fileURLToPath(new URL("../egress/egress.main.ts", import.meta.url));
/** Doubled with each restart in a row, up to the bound. */
const RESTART_DELAY_MS = 100;
const MAX_RESTART_DELAY_MS = 5_000;
const EGRESS_POOL_THREADS = 16;
/** How long a process that ends may let its fetches end. */
const DRAIN_MS = 2_000;

export interface EgressProcessOptions {
  readonly socketPath: string;
  readonly settings: EgressSettings;
  readonly logger: Logger;
  /** It serves, for the first time or again: workers have to be connected. */
  onReady(): void;
}

export class EgressProcess {
  readonly #options: EgressProcessOptions;
  #child: ChildProcess | null = null;
  #isReady = false;
  #isClosing = false;
  #counts: EgressCounts | null = null;
  #restartDelayMs = RESTART_DELAY_MS;

  constructor(options: EgressProcessOptions) {
    this.#options = options;
    this.#start();
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Its last report, or null before the first. */
  get counts(): EgressCounts | null {
    return this.#counts;
  }

  /** Gives a worker its connection, with a credential of its own. */
  async connect(worker: WorkerProcess): Promise<void> {
    if (!this.#isReady) return;
    const credential = randomBytes(32).toString("hex");
    this.#send({ type: "admit", credential, worker: worker.id });
    await worker.openEgress(this.#options.socketPath, credential);
  }

  /** The worker is gone. */
  dismiss(worker: WorkerProcess): void {
    this.#send({ type: "dismiss", worker: worker.id });
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    this.#send({ type: "drain" });
    const timer = setTimeout(() => child.kill("SIGKILL"), DRAIN_MS);
    await exited;
    clearTimeout(timer);
  }

  #start(): void {
    const { socketPath, settings, logger } = this.#options;
    const child = fork(EGRESS_ENTRY, [], { env: egressEnvironment(), stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.#child = child;
    child.on("message", (report: EgressReport) => this.#receive(report));
    child.once("exit", () => {
      this.#isReady = false;
      if (this.#isClosing) return;
      logger.error("egress process lost", { ending: child.signalCode ?? child.exitCode });
      setTimeout(() => {
        if (!this.#isClosing) this.#start();
      }, this.#restartDelayMs);
      this.#restartDelayMs = Math.min(this.#restartDelayMs * 2, MAX_RESTART_DELAY_MS);
    });
    this.#send({ type: "start", socketPath, settings });
  }

  #receive(report: EgressReport): void {
    const { logger, onReady } = this.#options;
    switch (report.type) {
      case "ready":
        this.#isReady = true;
        this.#restartDelayMs = RESTART_DELAY_MS;
        onReady();
        return;
      case "failed":
        logger.error("egress process failed", { why: report.message });
        return;
      case "counts":
        this.#counts = report.counts;
        return;
      case "log":
        logger[report.level](report.msg, report.fields);
    }
  }

  #send(command: EgressCommand): void {
    if (this.#child?.connected) this.#child.send(command, () => undefined);
  }
}

/** Name look-ups and decoding share libuv's pool, whose size can only be set from outside; certificates are the operator's. */
function egressEnvironment(): NodeJS.ProcessEnv {
  const kept = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"].map((name) => [name, process.env[name]] as const);
  return {
    UV_THREADPOOL_SIZE: String(EGRESS_POOL_THREADS),
    ...Object.fromEntries(kept.filter(([, value]) => value !== undefined)),
  };
}
