/**
 * An open-loop load generator in a process of its own: requests begin at a fixed rate whatever becomes of the earlier ones, each on a free
 * keep-alive connection, and wait for one where none is; latency counts from the intended start. Prints one JSON line.
 */
import { connect, type Socket } from "node:net";
import { Worker } from "node:worker_threads";
import { AnswerReader } from "./answer-reader.ts";
import { type GeneratorJob, type GeneratorResult, requestOf } from "./generator.ts";
import { LatencyHistogram } from "./latency-histogram.ts";
import type { PacerData } from "./pacer.thread.ts";

export interface OpenLoopJob extends GeneratorJob {
  readonly requestsPerSecond: number;
}

const PACER = new URL("pacer.thread.ts", import.meta.url);

type OnAnswer = (connection: Connection, answer: { isRight: boolean; intendedMs: number }) => void;

/** Answers what was sent on it last, then is free again. */
class Connection {
  readonly #socket: Socket;
  readonly #onAnswer: OnAnswer;
  readonly #expect: string;
  readonly #reader = new AnswerReader();
  #intendedMs = 0;

  constructor(job: OpenLoopJob, onAnswer: OnAnswer) {
    this.#expect = job.expect;
    this.#onAnswer = onAnswer;
    this.#socket = connect({ port: job.port, host: "127.0.0.1", noDelay: true });
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (text: string) => this.#receive(text));
    this.#socket.on("error", fail);
    this.#socket.on("end", () => fail(new Error("The connection was ended")));
  }

  send(request: string | Buffer, intendedMs: number): void {
    this.#intendedMs = intendedMs;
    this.#socket.write(request);
  }

  #receive(text: string): void {
    const answer = this.#reader.push(text);
    if (answer === null) return;
    this.#onAnswer(this, { isRight: answer.isOk && answer.body === this.#expect, intendedMs: this.#intendedMs });
  }
}

function fail(error: Error): never {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

function run(job: OpenLoopJob): void {
  const request = requestOf(job);
  const latencies = new LatencyHistogram();
  const waiting: number[] = [];
  let wrong = 0;
  let dueCount = 0;
  let answeredCount = 0;
  const startMs = performance.now();
  const countedFromMs = startMs + job.warmUpMs;
  const endMs = countedFromMs + job.durationMs;
  const free: Connection[] = [];
  const onAnswer: OnAnswer = (connection, { isRight, intendedMs }) => {
    answeredCount += 1;
    if (!isRight) wrong += 1;
    if (intendedMs >= countedFromMs) latencies.add(performance.now() - intendedMs);
    const next = waiting.shift();
    if (next === undefined) free.push(connection);
    else connection.send(request, next);
  };
  for (let i = 0; i < job.connections; i++) free.push(new Connection(job, onAnswer));
  let isCounting = false;
  const pacer = new Worker(PACER, {
    workerData: { requestsPerSecond: job.requestsPerSecond } satisfies PacerData,
  });
  pacer.on("message", () => {
    const nowMs = performance.now();
    if (!isCounting && nowMs >= countedFromMs) {
      isCounting = true;
      process.stdout.write("counting\n");
    }
    const due = Math.floor((Math.min(nowMs - startMs, job.warmUpMs + job.durationMs) * job.requestsPerSecond) / 1000);
    for (; dueCount < due; dueCount++) {
      const intendedMs = startMs + (dueCount * 1000) / job.requestsPerSecond;
      // The one that was free first: all of them are used, as by as many clients.
      const connection = free.shift();
      if (connection === undefined) waiting.push(intendedMs);
      else connection.send(request, intendedMs);
    }
    if (nowMs < endMs || answeredCount < dueCount) return;
    const result: GeneratorResult = {
      requests: latencies.total,
      wrong,
      seconds: job.durationMs / 1000,
      p50Ms: latencies.percentile(0.5),
      p99Ms: latencies.percentile(0.99),
    };
    process.stdout.write(`${JSON.stringify(result)}\n`);
    process.exit(0);
  });
}

run(JSON.parse(process.argv[2] ?? "{}") as OpenLoopJob);
