/**
 * A build child: takes one job from its standard input, runs it, reports, and ends.
 * It runs tenant code without the walls of a worker: its parent watches its time and memory, and kills it.
 */
import { writeSync } from "node:fs";
import { compileWasm } from "@nano/isolate/compile-wasm";
import { assertNoNodeSnapshot } from "@nano/isolate/engine";
import type { InitOutcome } from "@nano/isolate/initialise-context";
import { makeBareSnapshot, makeBytecode, makeSnapshot } from "@nano/isolate/make-snapshot";
import { runInit } from "@nano/isolate/run-init";
import type { WarmUpFailure } from "@nano/isolate/warm-up";
import {
  type ChildJob,
  type ChildReport,
  encodeMessage,
  type InitReport,
  MAX_MESSAGE_BODY_BYTES,
  MAX_REPORTED_CHARS,
  MessageDecoder,
  REPORT_FD,
  type ReportedLine,
  splitParts,
} from "./build/child-messages.ts";
import { runProbe } from "./build/run-probe.ts";

/** Of the console at the top level: it goes into one message with all else that is said of init. */
const MAX_LINES_CHARS = 64 * 1024;
/** What was drawn, and the stack below it. */
const MAX_NOTE_CHARS = 2 * 1024;
/** Each part of what a warm-up request threw: all requests go into one message. */
const MAX_FAILURE_CHARS = 1024;

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
    case "fetched":
      return { type: "fetched", url: cut(outcome.url), stack: cut(outcome.stack) };
    default:
      return { type: outcome.type };
  }
}

function cutFailures(failures: readonly WarmUpFailure[]): WarmUpFailure[] {
  return failures.map(({ request, name, message, stack }) => ({
    request: request.slice(0, MAX_FAILURE_CHARS),
    name: name.slice(0, MAX_FAILURE_CHARS),
    message: message.slice(0, MAX_FAILURE_CHARS),
    stack: stack.slice(0, MAX_FAILURE_CHARS),
  }));
}

/** Lines of the console, within one message. */
class LineBuffer {
  readonly lines: ReportedLine[] = [];
  #chars = 0;

  add(level: string, text: string): void {
    if (this.#chars >= MAX_LINES_CHARS) return;
    const kept = text.slice(0, MAX_LINES_CHARS - this.#chars).slice(0, MAX_REPORTED_CHARS);
    this.#chars += kept.length;
    this.lines.push({ level, text: kept });
  }
}

function make(job: Extract<ChildJob, { type: "make" }>, body: Buffer): void {
  const [scriptBytes = Buffer.alloc(0), ...modules] = splitParts(body, job.partBytes);
  const script = scriptBytes.toString("utf8");
  const { attachSecret, envJson, initTimeMs, memoryBytes, warmUpRequests } = job;
  const console = new LineBuffer();
  const { record, warmUp } = runInit({
    script,
    wasm: compileWasm(modules),
    envJson,
    initTimeMs,
    memoryBytes,
    warmUpRequests,
    onLine: (level, text) => console.add(level, text),
    onOutcome: (outcome, notes) => {
      const kept = notes.map(({ kind, what, stack }) => ({
        kind,
        what: what.slice(0, MAX_NOTE_CHARS),
        stack: stack.slice(0, MAX_NOTE_CHARS),
      }));
      report({ type: "init", outcome: describeInit(outcome), lines: console.lines, notes: kept });
    },
  });
  if (record === null) return;
  if (record.isTooLong) {
    const cause = "the top level asks the host for more than can be kept: do less of it there";
    report({ type: "unmade", cause, stack: cut(record.askedStack) });
    return;
  }
  if (warmUp !== null && warmUp.failures.length > 0) report({ type: "warmed", failures: cutFailures(warmUp.failures) });
  let snapshot: Uint8Array;
  try {
    snapshot = makeSnapshot({ script, attachSecret, init: record, envJson, warmUp });
  } catch (thrown) {
    const cause = thrown instanceof Error ? thrown.message : String(thrown);
    report({ type: "unmade", cause: cut(cause), stack: "" });
    return;
  }
  if (snapshot.byteLength > MAX_MESSAGE_BODY_BYTES) {
    const cause = `the heap takes ${snapshot.byteLength} bytes, at most ${MAX_MESSAGE_BODY_BYTES}`;
    report({ type: "unmade", cause, stack: "" });
  } else {
    report({ type: "made" }, snapshot);
  }
}

function compile({ attachSecret }: Extract<ChildJob, { type: "compile" }>, body: Buffer): void {
  const snapshot = makeBareSnapshot(attachSecret);
  const bytecode = makeBytecode(body.toString("utf8"), snapshot);
  report({ type: "compiled", snapshotBytes: snapshot.byteLength }, Buffer.concat([snapshot, bytecode]));
}

async function run(job: ChildJob, body: Buffer): Promise<void> {
  report({ type: "begun" });
  if (job.type === "make") make(job, body);
  else if (job.type === "compile") compile(job, body);
  else report(await runProbe(job, body, (cost) => report({ type: "restored", ...cost })));
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
