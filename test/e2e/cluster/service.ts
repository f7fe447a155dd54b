/** One service of a cluster: a process from its `main.ts`, on a host of its own, with its environment and nothing else. */
import { type ChildProcess, execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { entryFile } from "@nano/service-kit/entry-file";
import { eventually } from "@nano/test-kit/eventually";
import { REPOSITORY } from "../../support/checkout.ts";
import { askHttp } from "../../support/http-answer.ts";
import { sumMetric } from "../../support/metric-text.ts";
import type { Host } from "./lab/lab.ts";

export const ADMIN_PORT = 9090;
const READY_TIMEOUT_MS = 90_000;
const END_TIMEOUT_MS = 120_000;
const ADMIN_SILENCE_MS = 2_000;
/** What is kept of a service's output, and shown where a test fails. */
const OUTPUT_LIMIT_CHARS = 200_000;
/** What a process needs of this one's environment. */
const INHERITED = ["PATH", "HOME", "TMPDIR", "LANG", "TZ", "NODE_COMPILE_CACHE"];

export type ServiceKind = "app-registry" | "sliver-builder" | "executor" | "router";

export interface ServiceSpec {
  readonly kind: ServiceKind;
  readonly name: string;
  readonly host: Host;
  /** As `infra/compose` sets it. */
  readonly env: Readonly<Record<string, string>>;
}

/** A line of a log at level `error`, or what a process wrote that is no log line. */
export interface ErrorLine {
  readonly service: string;
  readonly msg: string;
  readonly line: string;
}

export class Service {
  readonly spec: ServiceSpec;
  /** What it wrote at level `error`, over all its runs. */
  readonly errorLines: ErrorLine[] = [];
  #child: ChildProcess | null = null;
  #exited: Promise<void> = Promise.resolve();
  #output = "";
  #partial = "";
  #lossCount = 0;

  constructor(spec: ServiceSpec) {
    this.spec = spec;
  }

  get name(): string {
    return this.spec.name;
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** Counts how often it was lost without having been asked to end: who was connected to it then is excused. */
  get lossCount(): number {
    return this.#lossCount;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves when its process has ended. */
  get exited(): Promise<void> {
    return this.#exited;
  }

  /** Starts it from the checkout at `root`, and answers when it is ready unless it is told not to wait. */
  async start(root: string, { wait = true }: { wait?: boolean } = {}): Promise<void> {
    const { kind, host, env } = this.spec;
    const main = join(root, "services", kind, "src/main.ts");
    const inherited = INHERITED.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    const known = await this.#knownTo(main);
    const settings = Object.entries(env).filter(([name]) => known?.has(name) ?? true);
    const flags = kind === "executor" || kind === "sliver-builder" ? ["--no-node-snapshot"] : [];
    const child = host.spawn(
      [process.execPath, ...flags, fileURLToPath(entryFile(pathToFileURL(main)))],
      Object.fromEntries([...inherited, ...settings]),
    );
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      child.once("exit", () => {
        if (this.#child === child) this.#child = null;
        resolve();
      });
    });
    child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => this.#take(`stderr: ${text}`, text.trim()));
    if (wait) await this.ready();
  }

  /** Until `/readyz` says so. @throws where its process ends first */
  async ready(timeoutMs = READY_TIMEOUT_MS): Promise<void> {
    const isReady = async (): Promise<boolean> => {
      if (this.#child === null) throw new Error(`${this.name} ended before it was ready:\n${this.#output}`);
      return (await this.readiness()) === 200;
    };
    await eventually(isReady, { timeoutMs }).catch((cause: Error) => {
      throw new Error(`${this.name} is not ready: ${cause.message}\n${this.#output.slice(-4000)}`, { cause });
    });
  }

  /** Status of `/readyz`, or 0 where nobody answers. */
  async readiness(): Promise<number> {
    return (await this.#admin("/readyz").catch(() => null))?.status ?? 0;
  }

  /** The sum of a metric over its labels. */
  async metric(name: string, label?: string): Promise<number> {
    return sumMetric((await this.#admin("/metrics")).text, name, label);
  }

  /** Tells it to end, and answers when it has. */
  async stop(): Promise<void> {
    this.#child?.kill("SIGTERM");
    const timer = setTimeout(() => this.kill(), END_TIMEOUT_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  /** Takes its power away. */
  kill(): void {
    this.#lossCount += 1;
    // From now on: connections break before its end is told.
    this.#child = null;
    this.spec.host.killAll();
  }

  #admin(path: string) {
    return askHttp({ host: this.spec.host.address, port: ADMIN_PORT, path, silenceMs: ADMIN_SILENCE_MS });
  }

  /** Settings that another build has: it refuses those that it does not know. Null for this one, which has to know them all. */
  async #knownTo(main: string): Promise<ReadonlySet<string> | null> {
    if (main.startsWith(REPOSITORY)) return null;
    const { stdout } = await promisify(execFile)(process.execPath, [main, "--print-config-table"]);
    return new Set(stdout.match(/(?<=`)[A-Z0-9_]+(?=`)/g));
  }

  #read(text: string): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) {
      const fields = parseLine(line);
      // What an app writes is the app's.
      if (fields === null || (fields.level === "error" && fields.stream !== "app"))
        this.#take(line, String(fields?.msg ?? line));
      else this.#keep(line);
    }
  }

  #take(line: string, msg: string): void {
    this.#keep(line);
    this.errorLines.push({ service: this.name, msg, line });
  }

  #keep(line: string): void {
    this.#output = `${this.#output}${line}\n`.slice(-OUTPUT_LIMIT_CHARS);
  }
}

function parseLine(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
