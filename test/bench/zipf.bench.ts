/**
 * Many apps of many slivers, no snapshot shared, on a worker that has memory for a fifth of them, under a load by Zipf's law: the share of
 * requests that wait for a restore, beside perfect LRU on the same trace, and how long requests take.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BUILD_STEPS, BuildChildren } from "@nano/sliver-builder/build/build-children";
import { writeChurnApp } from "../soak/churn-apps.ts";
import { BenchChild } from "./bench-child.ts";
import { type BenchSliver, BenchSlivers } from "./bench-sliver.ts";
import { type BenchOptions, type Effort, type RecordRow, reportName } from "./record.ts";
import { report } from "./report.ts";
import { formatBytes, formatCount, formatMs, formatRatio, summarize } from "./table.ts";
import type { ZipfCommands, ZipfRound } from "./zipf.main.ts";

interface EffortFigures {
  readonly appCount: number;
  readonly sliverCount: number;
  readonly fittingCount: number;
  readonly warmUpRequests: number;
  readonly requests: number;
  readonly rounds: number;
}
const EFFORTS: Readonly<Record<Effort, EffortFigures>> = {
  full: {
    appCount: 10_000,
    sliverCount: 500,
    fittingCount: 2_000,
    warmUpRequests: 15_000,
    requests: 8_000,
    rounds: 3,
  },
  quick: { appCount: 300, sliverCount: 10, fittingCount: 60, warmUpRequests: 600, requests: 600, rounds: 3 },
  small: { appCount: 40, sliverCount: 4, fittingCount: 10, warmUpRequests: 60, requests: 40, rounds: 2 },
};
/** Of what it can do one after the other. */
const USAGE_RATIO = 0.5;
const BUILDS_AT_ONCE = 2;
const MAIN = fileURLToPath(new URL("zipf.main.ts", import.meta.url));

export async function benchZipf({ effort }: BenchOptions): Promise<readonly RecordRow[]> {
  const figures = EFFORTS[effort];
  const { appCount, sliverCount, fittingCount, warmUpRequests, requests, rounds } = figures;
  const directory = mkdtempSync(join(tmpdir(), "nano-bench-"));
  const child = new BenchChild<ZipfCommands>(MAIN, ["--no-node-snapshot"]);
  try {
    const slivers = await makeSlivers(directory, sliverCount);
    const { bytesPerApp } = await child.ask("open", { slivers, appCount, fittingCount });
    process.stderr.write("warming up\n");
    const warmUp = await child.ask("run", { requests: warmUpRequests, requestsPerSecond: null });
    const last = await child.ask("run", { requests, requestsPerSecond: null });
    const rate = (last.requests / last.seconds) * USAGE_RATIO;
    const measured: ZipfRound[] = [];
    for (let i = 0; i < rounds; i++) {
      process.stderr.write(`${formatCount(requests)} requests, ${formatCount(rate)} a second\n`);
      measured.push(await child.ask("run", { requests, requestsPerSecond: rate }));
    }
    const median = (value: (round: ZipfRound) => number): number => summarize(measured.map(value)).median;
    const toLru = (round: ZipfRound): number => round.waited / round.waitedByLru;
    const how = `Zipf (s = 1) over ${formatCount(appCount)} apps of ${formatCount(sliverCount)} slivers, no snapshot shared, ${formatBytes(bytesPerApp)} each and memory for ${formatCount(fittingCount)} of them; one worker's own code in a process of its own, without sockets, request mode; open loop at ${formatCount(rate)} requests/s, half of what it did one after the other, after ${formatCount(warmUpRequests + requests)} requests, ${rounds} rounds of ${formatCount(requests)}`;
    report(reportName("zipf", effort), {
      title: `zipf: ${how}`,
      head: ["round", "wait for a restore", "perfect LRU", "÷ perfect LRU", "p50", "p99", "isolates"],
      rows: measured.map((round, index) => [
        String(index + 1),
        formatPercent(round.waited / round.requests),
        formatPercent(round.waitedByLru / round.requests),
        formatRatio(toLru(round)),
        formatMs(round.p50Ms),
        formatMs(round.p99Ms),
        formatCount(round.isolates),
      ]),
      data: { bytesPerApp, warmUp, rate, measured },
    });
    const shares = {
      waitedRatio: median((round) => round.waited / round.requests),
      perfectRatio: median((round) => round.waitedByLru / round.requests),
      requestsPerSecond: rate,
    };
    const what = `${formatCount(appCount)} apps over ${formatCount(sliverCount)} slivers, memory for ${formatCount(fittingCount)}`;
    return [
      {
        name: "zipf-waits",
        what: `${what}: share of requests that wait for a restore`,
        peer: "perfect LRU on the same trace",
        unit: "×",
        better: "lower",
        atLeast: 1.1,
        aim: 1.05,
        rounds: measured.map(toLru),
        how,
        figures: shares,
      },
      {
        name: "zipf-p99",
        what: `${what}: p99`,
        peer: null,
        unit: "ms",
        better: "lower",
        atLeast: 25,
        aim: 10,
        rounds: measured.map((round) => round.p99Ms),
        how,
        figures: { ...shares, p50Ms: median((round) => round.p50Ms) },
      },
    ];
  } finally {
    await child.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function makeSlivers(directory: string, count: number): Promise<BenchSliver[]> {
  const children = new BuildChildren({ spareCount: BUILDS_AT_ONCE * BUILD_STEPS });
  const slivers = await BenchSlivers.open(directory, children);
  const made: BenchSliver[] = [];
  let begun = 0;
  const makeNext = async (): Promise<void> => {
    while (begun < count) {
      const source = writeChurnApp(join(directory, "apps"), begun++);
      made.push(await slivers.make(source));
      if (made.length % 50 === 0) process.stderr.write(`${made.length} slivers\n`);
    }
  };
  try {
    await Promise.all(Array.from({ length: BUILDS_AT_ONCE }, makeNext));
  } finally {
    await children.close();
  }
  return made;
}

function formatPercent(ratio: number): string {
  return `${(ratio * 100).toFixed(2)} %`;
}
