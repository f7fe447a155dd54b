/**
 * `hello` beside a stream of 1 GiB, in turns: on one link, on a link of its own to the same worker, in another cluster, and alone. Wanted:
 * its p99 on the stream's link at most doubled. The other cluster shares nothing but the machine: what its stream adds to `hello` is the
 * doing of the scheduler and of cores that are busy. A client that reads as fast as it can takes whatever CPU there is.
 */
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { BenchChild } from "./bench-child.ts";
import { type ClientCommands, STREAM_CHUNK_BYTES, startClient } from "./cluster-client.ts";
import { type ClusterServices, hostOfApp, startCluster } from "./cluster-services.ts";
import type { Report } from "./report.ts";
import { formatCount, formatMs, formatRatio, summarize } from "./table.ts";

const MIB = 1024 * 1024;
const REQUESTS_PER_SECOND = 250;
/** A client on a network of a gigabit. */
const STEADY_BYTES_PER_SECOND = 100 * MIB;
const EXPECT = "Hello from the bench\n";
const EFFORT = { rounds: 3, chunkCount: (1024 * MIB) / STREAM_CHUNK_BYTES, aloneMs: 4_000 };
const SMALL_EFFORT = { rounds: 1, chunkCount: (16 * MIB) / STREAM_CHUNK_BYTES, aloneMs: 300 };
const WARM_UP = { chunkCount: (64 * MIB) / STREAM_CHUNK_BYTES, durationMs: 1_000 };

const HELLO = fileURLToPath(new URL("hello-handler.js", import.meta.url));
const STREAM = fileURLToPath(new URL("stream-handler.js", import.meta.url));

interface Round {
  readonly latenciesMs: readonly number[];
  /** Of the stream; 0 where there is none. */
  readonly mibPerSecond: number;
}

interface Variant {
  readonly name: string;
  /** Which router takes the stream, and how fast its client reads; null: there is none. */
  readonly stream: { readonly port: number; readonly bytesPerSecond: number | null } | null;
  readonly rounds: Round[];
}

interface Clients {
  readonly hello: BenchChild<ClientCommands>;
  readonly stream: BenchChild<ClientCommands>;
}

export async function measureClusterStream(directory: string, { isSmall }: { isSmall: boolean }): Promise<Report> {
  const { rounds, chunkCount, aloneMs } = isSmall ? SMALL_EFFORT : EFFORT;
  const helloApp = { name: "hello", entrypoint: HELLO, manifest: { isolation: "app" as const } };
  const limits = { cpu_time_ms: 60_000 };
  const streamApp = { name: "stream", entrypoint: STREAM, manifest: { isolation: "app" as const, limits } };
  const clients: Clients = { hello: startClient(), stream: startClient() };
  const clusters: ClusterServices[] = [];
  try {
    const own = join(directory, "own");
    const cluster = await startCluster(own, [helloApp, streamApp], { routerCount: 2, workerCount: 1 });
    clusters.push(cluster);
    const elsewhere = await startCluster(join(directory, "elsewhere"), [streamApp], { workerCount: 1 });
    clusters.push(elsewhere);
    const [first, second, third] = [...cluster.routers, ...elsewhere.routers].map(({ port }) => port);
    if (first === undefined || second === undefined || third === undefined) throw new Error("Three routers are needed");
    const onFirst = { port: first, bytesPerSecond: STEADY_BYTES_PER_SECOND };
    const variants: Variant[] = [
      { name: "hello alone", stream: null, rounds: [] },
      { name: "steady stream, in another cluster", stream: { ...onFirst, port: third }, rounds: [] },
      { name: "steady stream, on another link", stream: { ...onFirst, port: second }, rounds: [] },
      { name: "steady stream, on the same link", stream: onFirst, rounds: [] },
      { name: "stream at full speed, in another cluster", stream: { port: third, bytesPerSecond: null }, rounds: [] },
      { name: "stream at full speed, on the same link", stream: { port: first, bytesPerSecond: null }, rounds: [] },
    ];
    const measure = async (stream: Variant["stream"], chunks: number, durationMs: number): Promise<Round> => {
      const job = { port: first, host: hostOfApp("hello"), requestsPerSecond: REQUESTS_PER_SECOND, expect: EXPECT };
      const pacing = clients.hello.ask("pace", job);
      let mibPerSecond = 0;
      if (stream === null) await delay(durationMs);
      else {
        const streaming = { ...stream, host: hostOfApp("stream"), chunkCount: chunks };
        const seconds = await clients.stream.ask("stream", streaming);
        mibPerSecond = (chunks * STREAM_CHUNK_BYTES) / MIB / seconds;
      }
      await clients.hello.ask("stop");
      return { latenciesMs: await pacing, mibPerSecond };
    };
    for (const { stream } of variants) await measure(stream, WARM_UP.chunkCount, WARM_UP.durationMs);
    for (let round = 0; round < rounds; round++) {
      for (const variant of variants) variant.rounds.push(await measure(variant.stream, chunkCount, aloneMs));
    }
    return describe(variants, chunkCount);
  } finally {
    await Promise.all([clients.hello.close(), clients.stream.close()]);
    await Promise.all(clusters.map((cluster) => cluster.close()));
  }
}

function describe(variants: readonly Variant[], chunkCount: number): Report {
  const [alone] = variants;
  const median = (values: readonly number[]): number => summarize(values).median;
  const ratio = (rounds: readonly Round[], of: "median" | "p99"): string => {
    const ratios = rounds.map(({ latenciesMs }, round) => {
      const base = alone?.rounds[round]?.latenciesMs ?? [];
      return summarize(latenciesMs)[of] / summarize(base)[of];
    });
    return formatRatio(median(ratios));
  };
  return {
    title: `cluster, stream: hello at ${REQUESTS_PER_SECOND} requests/s, open loop, beside a stream of ${formatCount((chunkCount * STREAM_CHUNK_BYTES) / MIB)} MiB, one worker, medians of ${alone?.rounds.length} rounds in turns`,
    head: ["", "p50", "× alone", "p99", "× alone", "requests", "stream"],
    rows: variants.map(({ name, rounds }) => [
      name,
      formatMs(median(rounds.map(({ latenciesMs }) => summarize(latenciesMs).median))),
      ratio(rounds, "median"),
      formatMs(median(rounds.map(({ latenciesMs }) => summarize(latenciesMs).p99))),
      ratio(rounds, "p99"),
      formatCount(rounds.reduce((sum, { latenciesMs }) => sum + latenciesMs.length, 0)),
      rounds[0]?.mibPerSecond === 0 ? "–" : `${formatCount(median(rounds.map((round) => round.mibPerSecond)))} MiB/s`,
    ]),
    data: variants,
  };
}
