/** Keeps a process beside this executor's workers that serves them over links, and connects them to it. */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { limitedNode } from "@nano/service-kit/limited-node";
import type { Logger } from "@nano/service-kit/logger";
import type { LinkedCommand, LinkedReport } from "../linked/linked-messages.ts";
import type { LinkedPeer } from "../worker-messages.ts";
import type { WorkerProcess } from "./worker-process.ts";

/** The first restart is at once; this, doubled with each one in a row, up to the bound, is before the others. */
const RESTART_DELAY_MS = 100;
/** One that served for so long begins anew. */
const STABLE_MS = 10_000;
const MAX_RESTART_DELAY_MS = 5_000;
/** How long a process that ends may let what runs end. */
const DRAIN_MS = 2_000;
/** Links of workers, and what Node and name look-ups open. */
const OWN_DESCRIPTORS = 4_096;

export interface LinkedProcessOptions<Settings> {
  readonly peer: LinkedPeer;
  readonly entry: string;
  /** Flags of its Node. @default none */
  readonly execArgv?: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Files and connections that it needs for what it serves at once; it may have as many again, and some of its own. */
  readonly descriptorCount: number;
  readonly socketPath: string;
  readonly settings: Settings;
  readonly logger: Logger;
  /** It serves, for the first time or again: workers have to be connected. */
  onReady(): void;
}

export class LinkedProcess<Settings, Counts> {
  readonly #options: LinkedProcessOptions<Settings>;
  #child: ChildProcess | null = null;
  #isReady = false;
  #isClosing = false;
  #counts: Counts | null = null;
  #restartDelayMs = 0;
  #readyAtMs = Number.POSITIVE_INFINITY;

  constructor(options: LinkedProcessOptions<Settings>) {
    this.#options = options;
    this.#start();
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Its last report, or null before the first. */
  get counts(): Counts | null {
    return this.#counts;
  }

  /** Gives a worker its connection, with a credential of its own. */
  async connect(worker: WorkerProcess): Promise<void> {
    if (!this.#isReady) return;
    const credential = randomBytes(32).toString("hex");
    this.#send({ type: "admit", credential, worker: worker.id });
    await worker.openPeer(this.#options.peer, this.#options.socketPath, credential);
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
    const { peer, entry, execArgv = [], env, descriptorCount, socketPath, settings, logger } = this.#options;
    const node = limitedNode({ descriptorCount: 2 * descriptorCount + OWN_DESCRIPTORS }, execArgv);
    const child = fork(entry, [], {
      execPath: node.file,
      execArgv: node.args,
      env,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#child = child;
    child.on("message", (report: LinkedReport<Counts>) => this.#receive(report));
    child.once("exit", () => {
      this.#isReady = false;
      if (this.#isClosing) return;
      logger.error(`${peer} process lost`, { ending: child.signalCode ?? child.exitCode });
      const isStable = performance.now() - this.#readyAtMs >= STABLE_MS;
      const delayMs = isStable ? 0 : this.#restartDelayMs;
      this.#readyAtMs = Number.POSITIVE_INFINITY;
      this.#restartDelayMs = Math.min(Math.max(RESTART_DELAY_MS, delayMs * 2), MAX_RESTART_DELAY_MS);
      setTimeout(() => {
        if (!this.#isClosing) this.#start();
      }, delayMs);
    });
    this.#send({ type: "start", socketPath, settings });
  }

  #receive(report: LinkedReport<Counts>): void {
    const { peer, logger, onReady } = this.#options;
    switch (report.type) {
      case "ready":
        this.#isReady = true;
        this.#readyAtMs = performance.now();
        onReady();
        return;
      case "failed":
        logger.error(`${peer} process failed`, { why: report.message });
        return;
      case "counts":
        this.#counts = report.counts;
        return;
      case "log":
        logger[report.level](report.msg, report.fields);
    }
  }

  #send(command: LinkedCommand<Settings>): void {
    if (this.#child?.connected) this.#child.send(command, () => undefined);
  }
}
