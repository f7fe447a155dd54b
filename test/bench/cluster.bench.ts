/**
 * What a cluster costs and holds, in parts, each with a table of its own: `hello` beside the one-machine mode; the control
 * store with 10,000 apps and 100 executors; where a Zipf load goes while executors come and go; `hello` beside a stream on one link.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hasRedisServer } from "@nano/test-kit/redis-server";
import { measureClusterHello } from "./cluster-hello.ts";
import { measureClusterPlacement } from "./cluster-placement.ts";
import { measureClusterScale } from "./cluster-scale.ts";
import { measureClusterStream } from "./cluster-stream.ts";
import { type Report, report } from "./report.ts";

type Measure = (directory: string, options: { isSmall: boolean }) => Promise<Report>;

const PARTS = {
  hello: measureClusterHello,
  scale: measureClusterScale,
  placement: measureClusterPlacement,
  stream: measureClusterStream,
} satisfies Record<string, Measure>;

export type ClusterPart = keyof typeof PARTS;
export const clusterParts = Object.keys(PARTS) as readonly ClusterPart[];

export async function benchCluster(
  parts: readonly ClusterPart[],
  options: { readonly isSmall: boolean },
): Promise<void> {
  if (!hasRedisServer) throw new Error("The cluster benchmark needs redis-server on the path");
  const directory = mkdtempSync(join(tmpdir(), "nano-cluster-"));
  try {
    for (const part of parts) {
      process.stderr.write(`cluster-${part}\n`);
      mkdirSync(join(directory, part));
      // What a small scale shows is no figure to keep.
      const name = `cluster-${part}${options.isSmall ? "-small" : ""}`;
      report(name, await PARTS[part](join(directory, part), options));
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
