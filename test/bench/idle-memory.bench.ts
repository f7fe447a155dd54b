/**
 * Memory of an idle app, `hello` with the complete Web API, as a worker keeps it: beside isolated-vm alone, an isolate and a context from the
 * same snapshot, and beside a worker of workerd on the same handler. No two share a snapshot.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BenchChild } from "./bench-child.ts";
import { BenchSlivers } from "./bench-sliver.ts";
import type { IdleMemoryCommands, IdleMemoryJob } from "./idle-memory.main.ts";
import { type BenchOptions, type Effort, type RecordRow, ratiosOf, reportName } from "./record.ts";
import { report } from "./report.ts";
import { formatBytes, formatRatio, summarize } from "./table.ts";
import { inTurns } from "./turns.ts";
import { residentBytesOf } from "./websocket-servers.ts";
import { startWorkerd } from "./workerd-server.ts";

const EFFORTS: Readonly<Record<Effort, { rounds: number; warmUpCount: number; count: number }>> = {
  full: { rounds: 5, warmUpCount: 50, count: 400 },
  quick: { rounds: 3, warmUpCount: 30, count: 100 },
  small: { rounds: 1, warmUpCount: 2, count: 5 },
};
const MB = 1_000_000;
const HELLO = fileURLToPath(new URL("../apps/hello/", import.meta.url));
const EXPECT = "Hello, World!\n";
const MAIN = fileURLToPath(new URL("idle-memory.main.ts", import.meta.url));

export async function benchIdleMemory({ effort }: BenchOptions): Promise<readonly RecordRow[]> {
  const { rounds, ...counts } = EFFORTS[effort];
  const directory = mkdtempSync(join(tmpdir(), "nano-bench-"));
  try {
    const sliver = await (await BenchSlivers.open(directory)).make(HELLO);
    const job: IdleMemoryJob = { sliver, expect: EXPECT, ...counts };
    const bytes = await inTurns(rounds, {
      apps: () => inChild((child) => child.ask("apps", job)),
      bare: () => inChild((child) => child.ask("bare", job)),
      workerd: () => measureWorkerd(directory, job),
    });
    const median = (name: keyof typeof bytes): number => summarize(bytes[name]).median;
    const how = `Pss of a fresh process, ${counts.count} idle ones beyond the first ${counts.warmUpCount}, a snapshot of its own each, ${rounds} rounds in turns; request mode: each was asked once and has a spare context; app in a worker's own code, without sockets`;
    report(reportName("idle-memory", effort), {
      title: `idle memory: hello, ${how}; medians`,
      head: ["", "each", "÷ bare", "÷ workerd"],
      rows: (["apps", "bare", "workerd"] as const).map((name) => [
        { apps: "NANO, idle app", bare: "bare isolate and context", workerd: "workerd, idle worker" }[name],
        formatBytes(median(name)),
        formatRatio(summarize(ratiosOf(bytes[name], bytes.bare)).median),
        formatRatio(summarize(ratiosOf(bytes[name], bytes.workerd)).median),
      ]),
      data: bytes,
    });
    const common = {
      unit: "×",
      better: "lower",
      figures: {
        nanoMb: median("apps") / MB,
        bareMb: median("bare") / MB,
        workerdMb: median("workerd") / MB,
        snapshotMb: sliver.sliver.snapshotBytes / MB,
      },
    } as const;
    return [
      {
        ...common,
        name: "idle-memory",
        what: "resident memory per idle app (`hello`, complete Web API)",
        peer: "bare isolate and context from a snapshot of its own, same size",
        atLeast: 1.25,
        aim: null,
        rounds: ratiosOf(bytes.apps, bytes.bare),
        how,
      },
      {
        ...common,
        name: "idle-memory-workerd",
        what: "the same",
        peer: "workerd, a worker of the same handler",
        atLeast: null,
        aim: 1,
        rounds: ratiosOf(bytes.apps, bytes.workerd),
        how,
      },
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Memory is not all given back: each figure is of a process of its own. */
async function inChild<T>(ask: (child: BenchChild<IdleMemoryCommands>) => Promise<T>): Promise<T> {
  const child = new BenchChild<IdleMemoryCommands>(MAIN, ["--no-node-snapshot"]);
  try {
    return await ask(child);
  } finally {
    await child.close();
  }
}

async function measureWorkerd(directory: string, { warmUpCount, count }: IdleMemoryJob): Promise<number> {
  const own = mkdtempSync(join(directory, "workerd-"));
  const measure = async (idleCount: number): Promise<number> => {
    const server = await startWorkerd(own, join(HELLO, "index.js"), { idleCount });
    const bytes = residentBytesOf(server.pids);
    await server.close();
    return bytes;
  };
  return ((await measure(warmUpCount + count)) - (await measure(warmUpCount))) / count;
}
