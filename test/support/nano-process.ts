/** A whole NANO of one machine, as its user starts it: `nanoctl run` in a process of its own, on ports of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Answer, type AskOptions, askHttp } from "./http-answer.ts";
import { sumMetric } from "./metric-text.ts";
import { commandLineOf, descendantsOf, kindOf, type ProcessKind } from "./process-table.ts";

const NANOCTL = fileURLToPath(new URL("../../packages/cli/bin/nanoctl", import.meta.url));
const START_TIMEOUT_MS = 110_000;
const SERVING = /curl (?:-\S+ )*(?:-H \S+ )?'?http:\/\/[^/\s]*?:(\d+)\//;

const ADMIN = /127\.0\.0\.1:(\d+)\/metrics/;

export type { Answer, AskOptions };

export class NanoProcess {
  readonly directory: string;
  readonly #child: ChildProcess;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1024 });
  readonly #listeners = new Set<() => void>();
  #output = "";
  #port = 0;

  /** Starts `nanoctl run` with these arguments and answers when it serves. */
  static async start(
    args: readonly string[],
    { timeoutMs = START_TIMEOUT_MS }: { readonly timeoutMs?: number } = {},
  ): Promise<NanoProcess> {
    const nano = new NanoProcess(args, mkdtempSync(join(tmpdir(), "nano-e2e-")));
    try {
      const serving = await nano.waitForOutput(SERVING, 0, timeoutMs);
      nano.#port = Number(serving[1]);
    } catch (error) {
      await nano.close();
      throw error;
    }
    return nano;
  }

  private constructor(args: readonly string[], directory: string) {
    this.directory = directory;
    const data = join(directory, "data");
    this.#child = spawn(NANOCTL, ["run", ...args, "--data-dir", data], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, NO_COLOR: "1" },
    });
    const take = (text: Buffer): void => {
      this.#output += text.toString();
      for (const listener of this.#listeners) listener();
    };
    this.#child.stdout?.on("data", take);
    this.#child.stderr?.on("data", take);
    this.#child.once("exit", () => {
      for (const listener of this.#listeners) listener();
    });
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves when the output holds the pattern, from `from` on. */
  waitForOutput(pattern: RegExp, from = 0, timeoutMs = START_TIMEOUT_MS): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const finish = (outcome: RegExpExecArray | Error): void => {
        clearTimeout(timer);
        this.#listeners.delete(check);
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      const check = (): void => {
        const found = pattern.exec(this.#output.slice(from));
        if (found !== null) finish(found);
        else if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
          finish(new Error(`nanoctl ended (${this.#child.exitCode ?? this.#child.signalCode}):\n${this.#output}`));
        }
      };
      const timer = setTimeout(() => finish(new Error(`No ${pattern} in:\n${this.#output}`)), timeoutMs);
      this.#listeners.add(check);
      check();
    });
  }

  ask(host: string, path = "/", { headers = {}, ...options }: AskOptions = {}): Promise<Answer> {
    const place = { host: "127.0.0.1", port: this.#port, path };
    return askHttp(place, { agent: this.#agent, ...options, headers: { host, ...headers } });
  }

  /** The sum of a metric over its labels, or over those with this one, as the admin port tells it. */
  async metric(name: string, label?: string): Promise<number> {
    const [, port] = await this.waitForOutput(ADMIN);
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    return sumMetric(text, name, label);
  }

  /** Process ids below this one whose command line holds `part`. */
  findProcesses(part: string): number[] {
    return this.processes.filter((pid) => commandLineOf(pid).includes(part));
  }

  /** Of this kind, the oldest first. */
  processesOf(kind: ProcessKind): number[] {
    return this.processes.filter((pid) => kindOf(pid) === kind).sort((a, b) => a - b);
  }

  /** Every process below this one. */
  get processes(): number[] {
    return descendantsOf(this.pid);
  }

  /** Closes the connections that requests would use again. */
  dropConnections(): void {
    this.#agent.destroy();
  }

  async close(): Promise<void> {
    this.#agent.destroy();
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = new Promise<void>((resolve) => this.#child.once("exit", () => resolve()));
      this.#child.kill("SIGTERM");
      await exited;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}
