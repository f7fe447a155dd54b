/**
 * An attack without its defence: the same app in an isolate whose limits are those of nobody, in a process of its own that no supervisor
 * watches. It is ended as soon as what proves the attack is seen.
 */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { cpuMsOf } from "../../support/process-table.ts";
import { residentBytesOf } from "../../support/resident-watch.ts";
import type { Tenant } from "./attack.ts";
import type { UnlimitedJob } from "./unlimited-app.main.ts";

const MAIN = fileURLToPath(new URL("unlimited-app.main.ts", import.meta.url));
const NAIVE_MAIN = fileURLToPath(new URL("naive-host.main.ts", import.meta.url));
const CONTEXTS_MAIN = fileURLToPath(new URL("bare-contexts.main.ts", import.meta.url));
const LOOK_INTERVAL_MS = 10;
const MIB = 1024 * 1024;
/** Many times the limits that the corpus gives. */
const BURNT_MS = 500;
const GROWN_BYTES = 192 * MIB;
/** Without an answer and without CPU: it sleeps for ever. Many times the limit in force. */
const HUNG_MS = 2_000;
const PATIENCE_MS = 25_000;
const FAR_LIMITS = { cpu_time_ms: 60_000, timeout_secs: 3600, memory_mb: 2048, subrequests: 1000 } as const;

export interface UnlimitedAnswer {
  readonly status: number;
  readonly text: string;
  readonly failed: string | null;
  /** Lines of the console up to then. */
  readonly lineCount: number;
}

interface Seen {
  readonly answers: readonly UnlimitedAnswer[];
  readonly cpuMs: number;
  readonly grownBytes: number;
  readonly elapsedMs: number;
  /** Null: it runs. */
  readonly end: string | null;
}

interface WatchOptions {
  /** What runs it. @default an isolate of ours */
  readonly main?: string;
  readonly limits?: UnlimitedJob["limits"];
  readonly isolation?: UnlimitedJob["isolation"];
  readonly queries?: readonly string[];
  /** What proves the attack, as words; null: not yet. */
  proves(seen: Seen): string | null;
}

/** It goes on burning CPU, far beyond its limit. */
export function burnsForEver(tenant: Tenant): Promise<string | null> {
  return watchUnlimited(tenant, {
    proves: ({ answers, cpuMs }) => (answers.length === 0 && cpuMs > BURNT_MS ? `burnt ${cpuMs} ms and went on` : null),
  });
}

/** Its process grows far beyond its limit. */
export function growsOn(tenant: Tenant): Promise<string | null> {
  return watchUnlimited(tenant, {
    proves: ({ grownBytes, end }) => {
      if (grownBytes > GROWN_BYTES) return `grew by ${Math.round(grownBytes / MIB)} MiB and went on`;
      return end?.startsWith("SIG") ? `ended its process by ${end}` : null;
    },
  });
}

/** Under its limits, it ends the process that it runs in, or has it hang, since no supervisor is there. */
export function takesItsProcess(tenant: Tenant): Promise<string | null> {
  return watchUnlimited(tenant, {
    limits: limitsOf(tenant),
    proves: ({ answers, elapsedMs, end }) => {
      if (end?.startsWith("SIG")) return `ended its process by ${end}`;
      return end === null && answers.length === 0 && elapsedMs > HUNG_MS ? "held its thread and went on" : null;
    },
  });
}

/** Its heap, restored under its limits again and again, ends the process. */
export function endsByItsHeap(tenant: Tenant): Promise<string | null> {
  return watchUnlimited(tenant, {
    main: CONTEXTS_MAIN,
    limits: limitsOf(tenant),
    proves: ({ end }) => (end?.startsWith("SIG") ? `ended its process by ${end}` : null),
  });
}

/** A host that runs it in `node:vm`, and reads what it throws as if that were its own, hangs or breaks. */
export function breaksNaiveHost(tenant: Tenant): Promise<string | null> {
  return watchUnlimited(tenant, {
    main: NAIVE_MAIN,
    proves: ({ cpuMs, end, answers }) => {
      if (cpuMs > BURNT_MS) return `burnt ${cpuMs} ms of its host and went on`;
      return end !== null && answers.length === 0 ? `ended its host: ${end}` : null;
    },
  });
}

/** All answers of one context that requests share. */
export function answersInOneContext(
  tenant: Tenant,
  queries: readonly string[],
  proves: (answers: readonly UnlimitedAnswer[]) => string | null,
): Promise<string | null> {
  return watchUnlimited(tenant, {
    isolation: "app",
    queries,
    proves: ({ answers }) => (answers.length === queries.length ? proves(answers) : null),
  });
}

export async function watchUnlimited(tenant: Tenant, options: WatchOptions): Promise<string | null> {
  const { limits = FAR_LIMITS, isolation = "request", queries = [""], main = MAIN, proves } = options;
  const { source, message = null } = tenant;
  const job: UnlimitedJob = { script: scriptOf(source), isolation, limits, queries, message };
  const child = spawn(process.execPath, ["--no-node-snapshot", main, JSON.stringify(job)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const pid = child.pid ?? 0;
  const answers: UnlimitedAnswer[] = [];
  let end: string | null = null;
  let base: { cpuMs: number; bytes: number; atMs: number } | null = null;
  createInterface({ input: child.stdout }).on("line", (line) => {
    if (line === "ready") base = { cpuMs: cpuMsOf(pid), bytes: residentBytesOf(pid), atMs: performance.now() };
    // V8 says there, too, why it gives up.
    else if (line.startsWith("{")) answers.push(JSON.parse(line) as UnlimitedAnswer);
  });
  const begunMs = performance.now();
  return new Promise((resolve) => {
    const finish = (seen: string | null): void => {
      clearInterval(timer);
      child.kill("SIGKILL");
      resolve(seen);
    };
    const look = (): void => {
      const nowMs = performance.now();
      const { cpuMs, bytes, atMs } = base ?? { cpuMs: cpuMsOf(pid), bytes: residentBytesOf(pid), atMs: nowMs };
      const seen = proves({
        answers,
        cpuMs: cpuMsOf(pid) - cpuMs,
        grownBytes: residentBytesOf(pid) - bytes,
        elapsedMs: nowMs - atMs,
        end,
      });
      if (seen !== null || end !== null || nowMs - begunMs > PATIENCE_MS) finish(seen);
    };
    const timer = setInterval(look, LOOK_INTERVAL_MS);
    child.once("close", (code, signal) => {
      end = signal ?? `code ${code}`;
      look();
    });
  });
}

export function limitsOf({ settings }: Tenant): UnlimitedJob["limits"] {
  return (settings?.limits ?? {}) as UnlimitedJob["limits"];
}

/** As a bundle is one. */
function scriptOf(source: string): string {
  return `__nano_app__(function () { ${source.replace("export default ", "const exported = ")}\nreturn { default: exported }; });`;
}
