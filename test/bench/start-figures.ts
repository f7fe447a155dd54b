/** What the starts of one app cost, measured in a process of its own: `start-figures.main.ts` measures, `measureStarts` asks it. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const ENTRY = fileURLToPath(new URL("start-figures.main.ts", import.meta.url));
/** Building, memory and rounds of the largest heap; past it the row says so. */
const DEADLINE_MS = 120_000;
const KEPT_ERROR_CHARS = 4_000;

export interface StartJob {
  /** The app's directory. */
  readonly source: string;
  /** For store and cache. */
  readonly directory: string;
  /** What it must answer; undefined: the same as its first answer. */
  readonly body?: string;
  /** Rounds end when both are reached, or at `maxRounds`. */
  readonly minRounds: number;
  readonly budgetMs: number;
  readonly maxRounds: number;
}

/** Of each round in milliseconds, in turns. */
export interface StartSamples {
  readonly source: readonly number[];
  readonly cold: readonly number[];
  readonly floor: readonly number[];
  readonly reset: readonly number[];
  readonly floorReset: readonly number[];
}

export interface StartFigures {
  readonly type: "measured";
  readonly samples: StartSamples;
  readonly sliverBytes: number;
  readonly snapshotBytes: number;
  /** A fresh context, as the builder measured it. */
  readonly contextMs: number | undefined;
  readonly warnings: readonly string[];
  /** Heap and array buffers of an isolate with one context, as V8 counts them. */
  readonly heapBytes: number;
  /** Resident memory of the process for each further such isolate; they share the snapshot. */
  readonly residentBytes: number;
}

export type StartOutcome = StartFigures | { readonly type: "unmeasured"; readonly reason: string };

/** @param nodeFlags V8 flags of the process that restores; the builder's own processes have none of them */
export async function measureStarts(job: StartJob, nodeFlags: readonly string[] = []): Promise<StartOutcome> {
  const child = spawn(process.execPath, ["--no-node-snapshot", ...nodeFlags, ENTRY, JSON.stringify(job)], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: DEADLINE_MS,
    killSignal: "SIGKILL",
  });
  let output = "";
  let lastWords = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    lastWords = (lastWords + text).slice(-KEPT_ERROR_CHARS);
  });
  const ending = await new Promise<string | null>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(code === 0 ? null : (signal ?? `exit code ${code}`)));
  });
  const outcome = parseOutcome(output);
  // isolated-vm's threads may meet a process that is being torn down: what it measured stands.
  if (outcome !== null) return outcome;
  const said = /^(?:FATAL|#).*|\w*Error: .*|.*Assertion .*/m.exec(lastWords)?.[0];
  return {
    type: "unmeasured",
    reason: `the process ended by ${ending ?? "exit code 0"}${said === undefined ? "" : `: ${said}`}`,
  };
}

/** Null: it did not get to its end. */
function parseOutcome(output: string): StartOutcome | null {
  try {
    return JSON.parse(output) as StartOutcome;
  } catch {
    return null;
  }
}
