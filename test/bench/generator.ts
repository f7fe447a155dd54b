/**
 * A closed-loop load generator in a process of its own: so many keep-alive connections, each sending its next request when the last
 * answer is whole and right. Prints one JSON line.
 *
 *   node generator.ts '{"port":8080,"host":"hello.localhost","path":"/","connections":64,"warmUpMs":1000,"durationMs":5000,"expect":"hello"}'
 */
import { CountedRun } from "./counted-run.ts";
import { bodyRequest, getRequest, KeepAliveConnection } from "./keep-alive-connection.ts";

export interface GeneratorJob {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
  /** What every body must be. */
  readonly expect: string;
  /** What each request brings. @default nothing: a GET */
  readonly json?: { readonly method: string; readonly body: string };
}

export interface GeneratorResult {
  readonly requests: number;
  readonly wrong: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

async function run(job: GeneratorJob): Promise<void> {
  const counted = new CountedRun();
  const request = requestOf(job);
  const exchange = {
    next: () => request,
    take({ isOk, body, latencyMs }: { isOk: boolean; body: string; latencyMs: number }): void {
      counted.add({ isRight: isOk && body === job.expect, latencyMs });
    },
    onError(error: Error): void {
      process.stderr.write(`${error.message}\n`);
      process.exit(1);
    },
  };
  for (let i = 0; i < job.connections; i++) new KeepAliveConnection(job.port, exchange);
  await counted.end(job);
}

/** Every request of a job is the same. */
export function requestOf({ host, path, json }: Pick<GeneratorJob, "host" | "path" | "json">): string | Buffer {
  if (json === undefined) return getRequest(host, path);
  return bodyRequest(host, path, { ...json, contentType: "application/json" });
}

if (import.meta.main) await run(JSON.parse(process.argv[2] ?? "{}") as GeneratorJob);
