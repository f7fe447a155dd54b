/**
 * A closed-loop load generator in a process of its own: so many keep-alive connections, each sending its next request when the last
 * answer is whole and right. Prints one JSON line.
 *
 *   node generator.ts '{"port":8080,"host":"hello.localhost","path":"/","connections":64,"warmUpMs":1000,"durationMs":5000,"expect":"hello"}'
 */
import { getRequest, KeepAliveConnection } from "./keep-alive-connection.ts";

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

/** Latencies are counted in steps of 10 µs up to 1 s. */
const STEP_MS = 0.01;
const STEPS = 100_000;

function percentile(counts: Uint32Array, total: number, ratio: number): number {
  let seen = 0;
  for (let step = 0; step < STEPS; step++) {
    seen += counts[step] ?? 0;
    if (seen >= total * ratio) return step * STEP_MS;
  }
  return STEPS * STEP_MS;
}

function run(job: GeneratorJob): void {
  const counts = new Uint32Array(STEPS);
  let requests = 0;
  let wrong = 0;
  let isCounting = false;
  const request = getRequest(job.host, job.path);
  const exchange = {
    next: () => request,
    take({ isOk, body, latencyMs }: { isOk: boolean; body: string; latencyMs: number }): void {
      if (!isOk || body !== job.expect) wrong += 1;
      if (!isCounting) return;
      requests += 1;
      const step = Math.min(STEPS - 1, Math.floor(latencyMs / STEP_MS));
      counts[step] = (counts[step] ?? 0) + 1;
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
        requests,
        wrong,
        seconds,
        p50Ms: percentile(counts, requests, 0.5),
        p99Ms: percentile(counts, requests, 0.99),
      };
      process.stdout.write(`${JSON.stringify(result)}\n`);
      process.exit(0);
    }, job.durationMs);
  }, job.warmUpMs);
}

if (import.meta.main) run(JSON.parse(process.argv[2] ?? "{}") as GeneratorJob);
