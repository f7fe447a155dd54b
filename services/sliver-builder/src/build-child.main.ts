/**
 * A build child: takes one job from its standard input, runs it, reports, and ends.
 * It runs tenant code without the walls of a worker: its parent watches its time and memory, and kills it.
 */
import { writeSync } from "node:fs";
import { assertNoNodeSnapshot } from "@nano/isolate/engine";
import { makeSnapshot } from "@nano/isolate/make-snapshot";
import { type InitOutcome, runInit } from "@nano/isolate/run-init";
import type { WarmUpRecord } from "@nano/isolate/warm-up";
import {
  type ChildJob,
  type ChildReport,
  encodeMessage,
  type InitReport,
  MAX_MESSAGE_BODY_BYTES,
  MAX_REPORTED_CHARS,
  MessageDecoder,
  REPORT_FD,
} from "./build/child-messages.ts";
import { runProbe } from "./build/run-probe.ts";

/** Synchronous: the next line may end the process. */
function report(message: ChildReport, body?: Uint8Array): void {
  for (const part of encodeMessage(message, body)) {
    let offset = 0;
    while (offset < part.byteLength) offset += writeSync(REPORT_FD, part, offset);
  }
}

function cut(text: unknown): string {
  return String(text).slice(0, MAX_REPORTED_CHARS);
}

function describeInit(outcome: InitOutcome): InitReport {
  switch (outcome.type) {
    case "done":
      return { type: "done", initMs: outcome.initMs };
    case "threw":
      return { type: "threw", name: cut(outcome.name), message: cut(outcome.message), stack: cut(outcome.stack) };
    default:
      return { type: outcome.type };
  }
}

function make(job: Extract<ChildJob, { type: "make" }>, script: string): void {
  let warmUp: WarmUpRecord | null = null;
  if (job.init !== null) {
    const run = runInit({
      script,
      initTimeMs: job.init.timeMs,
      memoryBytes: job.init.memoryBytes,
      onOutcome: (outcome) => report({ type: "init", outcome: describeInit(outcome) }),
    });
    if (run.outcome.type !== "done") return;
    if (job.warmUp) warmUp = run.warmUp;
  }
  let snapshot: Uint8Array;
  try {
    snapshot = makeSnapshot({ script, attachSecret: job.attachSecret, warmUp });
  } catch (thrown) {
    const cause = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
    report({ type: "unmade", cause: cut(cause) });
    return;
  }
  if (snapshot.byteLength > MAX_MESSAGE_BODY_BYTES) {
    report({ type: "unmade", cause: `the heap takes ${snapshot.byteLength} bytes, at most ${MAX_MESSAGE_BODY_BYTES}` });
  } else {
    report({ type: "made" }, snapshot);
  }
}

async function run(job: ChildJob, body: Buffer): Promise<void> {
  report({ type: "begun" });
  if (job.type === "make") make(job, body.toString("utf8"));
  else report(await runProbe(job, body, (contextMs) => report({ type: "restored", contextMs })));
}

assertNoNodeSnapshot();
const decoder = new MessageDecoder((job, body) => {
  // The parent's word is not checked: it is the builder, and it made this process.
  run(job as ChildJob, body).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`FATAL ERROR: ${cut(error)}\n`);
      process.exit(1);
    },
  );
});
process.stdin.on("data", (chunk: Buffer) => decoder.push(chunk));
// The builder is gone: nobody waits for this child any more.
process.stdin.on("end", () => process.exit(0));
