/**
 * One disposable process that runs one job. Whatever it does, `run` resolves with how it ended, and it is gone.
 *
 *   idle ──run──▶ loading ──begun──▶ running ──last report, exit, kill──▶ ended
 *
 * I1 `run` resolves after the process has exited: nothing of it is left.
 * I2 Each phase has a deadline, and resident memory a ceiling; past either it is killed.
 * I3 What it writes is bounded and checked: anything but reports ends it.
 * I4 After its last report it is killed, not waited for: taking an engine down in order takes it longer than to die.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { limitedNode } from "@nano/service-kit/limited-node";
import { type ChildJob, type ChildReport, encodeMessage, MessageDecoder } from "./child-messages.ts";
import { childArguments } from "./child-permissions.ts";
import { parseReport } from "./parse-report.ts";
import { ResidentWatch } from "./resident-watch.ts";

/** From the job sent to the child's word that it begins, on a machine that is busy. */
const LOADING_LIMIT_MS = 15_000;
/** V8 and Node say why they abort in their last lines. */
const KEPT_OUTPUT_CHARS = 16 * 1024;
const MAX_FATAL_CHARS = 200;
/** A child reports a handful of things. */
const MAX_REPORTS = 16;
/** It opens modules, one after another. */
const MAX_DESCRIPTORS = 1_024;

export type ChildEnd =
  | { readonly type: "finished" }
  | { readonly type: "deadline"; readonly limitMs: number }
  | { readonly type: "memory"; readonly limitBytes: number }
  | { readonly type: "lost"; readonly cause: string }
  /** It wrote what is no report. */
  | { readonly type: "garbage" }
  | { readonly type: "cancelled" };

export interface RunChildOptions {
  readonly memoryLimitBytes: number;
  /** How long the child may take from this report on until the next or its end. */
  readonly limitMsAfter: (report: ChildReport) => number;
  readonly onReport: (report: ChildReport, body: Buffer) => void;
  readonly signal: AbortSignal;
}

export interface ChildResult {
  readonly end: ChildEnd;
  readonly peakBytes: number;
}

export class BuildChild {
  readonly #process: ChildProcess;
  readonly #jobs: Writable;
  readonly #reports: Readable;
  readonly #closed: Promise<void>;
  #end: ChildEnd | null = null;
  #output = "";
  #hasExited = false;

  /** @param nodeArguments of another child, for tests of what a hostile one does */
  constructor(nodeArguments: readonly string[] = childArguments()) {
    const node = limitedNode({ descriptorCount: MAX_DESCRIPTORS }, nodeArguments);
    const child = spawn(node.file, node.args, {
      env: {},
      stdio: ["pipe", "pipe", "pipe", "pipe"],
      cwd: "/",
    });
    this.#process = child;
    const [jobs, stdout, stderr, reports] = child.stdio as unknown as [Writable, Readable, Readable, Readable];
    this.#jobs = jobs;
    this.#reports = reports;
    // V8 writes its last words to either.
    for (const stream of [stdout, stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-KEPT_OUTPUT_CHARS);
      });
    }
    // A child that is gone before its job was written: its exit tells the same.
    jobs.on("error", () => undefined);
    this.#closed = new Promise((resolve) => {
      child.once("error", (error) => {
        this.#endAs({ type: "lost", cause: error.message });
        if (child.pid === undefined) resolve();
      });
      child.once("close", (code, signal) => {
        this.#hasExited = true;
        this.#endAs(
          code === 0 ? { type: "finished" } : { type: "lost", cause: describeExit(code, signal, this.#output) },
        );
        resolve();
      });
    });
  }

  /** Whether a job can be given to it. */
  get isUsable(): boolean {
    return this.#end === null;
  }

  /** At most once. Never rejects. */
  async run(job: ChildJob, body: Uint8Array, options: RunChildOptions): Promise<ChildResult> {
    const limitBytes = options.memoryLimitBytes;
    const watch = new ResidentWatch(this.#process.pid ?? 0, limitBytes, () =>
      this.#kill({ type: "memory", limitBytes }),
    );
    let timer = this.#startTimer(LOADING_LIMIT_MS);
    const cancel = () => this.#kill({ type: "cancelled" });
    if (options.signal.aborted) cancel();
    options.signal.addEventListener("abort", cancel, { once: true });
    let reportCount = 0;
    const decoder = new MessageDecoder((header, bytes) => {
      const report = parseReport(header);
      reportCount += 1;
      if (report === null || reportCount > MAX_REPORTS) {
        this.#kill({ type: "garbage" });
      } else if (this.#end === null) {
        clearTimeout(timer);
        timer = this.#startTimer(options.limitMsAfter(report));
        options.onReport(report, bytes);
        if (isLast(report)) this.#kill({ type: "finished" });
      }
    });
    this.#reports.on("data", (chunk: Buffer) => {
      if (this.#end === null && !decoder.push(chunk)) this.#kill({ type: "garbage" });
    });
    for (const part of encodeMessage(job, body)) this.#jobs.write(part);
    await this.#closed;
    clearTimeout(timer);
    watch.stop();
    options.signal.removeEventListener("abort", cancel);
    return { end: this.#end ?? { type: "finished" }, peakBytes: watch.peakBytes };
  }

  /** Ends it, whatever it does. Idempotent. */
  async dispose(): Promise<void> {
    this.#kill({ type: "cancelled" });
    await this.#closed;
  }

  #startTimer(limitMs: number): NodeJS.Timeout {
    return setTimeout(() => this.#kill({ type: "deadline", limitMs }), limitMs);
  }

  #kill(end: ChildEnd): void {
    this.#endAs(end);
    if (!this.#hasExited) this.#process.kill("SIGKILL");
  }

  /** The first reason stays: what follows a kill is its consequence. */
  #endAs(end: ChildEnd): void {
    this.#end ??= end;
  }
}

/** Whether a child has nothing to say after it. */
function isLast(report: ChildReport): boolean {
  if (report.type === "init") return report.outcome.type !== "done";
  return report.type !== "begun" && report.type !== "restored";
}

/** `# Check failed: …` of V8, below its `# Fatal error in …`; `FATAL ERROR: …` of Node and of the child itself. */
const FATAL_LINE = /^(?:# (?!Fatal error in)|FATAL ERROR: )(.+)$/m;
/** V8's word for objects that lean on native memory: it serialises none of them. */
const UNSERIALISABLE = "CheckGlobalAndEternalHandles failed";
/** V8's word for a member of the language that it adds to a restored heap, and cannot. */
const LOCKED = "Object::AddDataProperty";

function describeExit(code: number | null, signal: NodeJS.Signals | null, output: string): string {
  const how = signal === null ? `exit code ${code}` : signal;
  const why = FATAL_LINE.exec(output)?.[1]?.trim();
  if (why === UNSERIALISABLE) return `${how} (V8 cannot serialise what the app holds, such as an Intl object)`;
  if (why?.includes(LOCKED)) {
    return `${how} (V8 completes the language in a restored heap, and the app locked it: leave Promise, Map.prototype and globalThis open)`;
  }
  return why === undefined ? how : `${how} (${why.slice(0, MAX_FATAL_CHARS)})`;
}
