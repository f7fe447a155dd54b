/**
 * A closed-loop load generator in a process of its own: so many keep-alive connections, each sending its next request when the last
 * answer is whole and right. Prints one JSON line.
 *
 *   node generator.ts '{"port":8080,"host":"hello.localhost","path":"/","connections":64,"warmUpMs":1000,"durationMs":5000,"expect":"hello"}'
 */
import { getRequest, KeepAliveConnection } from "./keep-alive-connection.ts";
import { LatencyHistogram } from "./latency-histogram.ts";

export interface GeneratorJob {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
  /** What every body must be. */
  readonly expect: string;
}

export interface GeneratorResult {
  readonly requests: number;
  readonly wrong: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

function run(job: GeneratorJob): void {
  const latencies = new LatencyHistogram();
  let wrong = 0;
  let isCounting = false;
  const request = getRequest(job.host, job.path);
  const exchange = {
    next: () => request,
    take({ isOk, body, latencyMs }: { isOk: boolean; body: string; latencyMs: number }): void {
      if (!isOk || body !== job.expect) wrong += 1;
      if (!isCounting) return;
      latencies.add(latencyMs);
    },
    onError(error: Error): void {
      process.stderr.write(`${error.message}\n`);
      process.exit(1);
    },
  };
  const connections = Array.from({ length: job.connections }, () => new KeepAliveConnection(job.port, exchange));
  setTimeout(() => {
    isCounting = true;
    const startMs = performance.now();
    process.stdout.write("counting\n");
    setTimeout(() => {
      const seconds = (performance.now() - startMs) / 1000;
      for (const connection of connections) connection.close();
      const result: GeneratorResult = {
        requests: latencies.total,
        wrong,
        seconds,
        p50Ms: latencies.percentile(0.5),
        p99Ms: latencies.percentile(0.99),
      };
      process.stdout.write(`${JSON.stringify(result)}\n`);
      process.exit(0);
    }, job.durationMs);
  }, job.warmUpMs);
}

if (import.meta.main) run(JSON.parse(process.argv[2] ?? "{}") as GeneratorJob);
