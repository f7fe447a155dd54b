/**
 * A closed-loop load generator in a process of its own: so many keep-alive connections, each sending its next request when the last
 * answer is whole and right. Prints one JSON line. Plain sockets, because a client library would take more CPU than the servers.
 *
 *   node generator.ts '{"port":8080,"host":"hello.localhost","path":"/","connections":64,"warmUpMs":1000,"durationMs":5000,"expect":"hello"}'
 */
import { connect, type Socket } from "node:net";

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

const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;
/** Latencies are counted in steps of 10 µs up to 1 s. */
const STEP_MS = 0.01;
const STEPS = 100_000;

class Connection {
  readonly #socket: Socket;
  readonly #request: string;
  readonly #expect: string;
  readonly #onAnswer: (latencyMs: number, isRight: boolean) => void;
  #received = "";
  #sentMs = 0;

  constructor(job: GeneratorJob, onAnswer: (latencyMs: number, isRight: boolean) => void) {
    this.#request = `GET ${job.path} HTTP/1.1\r\nhost: ${job.host}\r\nuser-agent: bench\r\naccept: */*\r\n\r\n`;
    this.#expect = job.expect;
    this.#onAnswer = onAnswer;
    this.#socket = connect({ port: job.port, host: "127.0.0.1", noDelay: true });
    this.#socket.setEncoding("latin1");
    this.#socket.on("connect", () => this.#send());
    this.#socket.on("data", (text: string) => this.#receive(text));
    this.#socket.on("error", (error) => {
      process.stderr.write(`${error.message}\n`);
      process.exit(1);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(): void {
    this.#sentMs = performance.now();
    this.#socket.write(this.#request);
  }

  #receive(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf("\r\n\r\n");
    if (headEnd < 0) return;
    const length = Number(CONTENT_LENGTH.exec(this.#received)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) throw new Error(`Answer has no content-length: ${this.#received.slice(0, 300)}`);
    if (this.#received.length < headEnd + 4 + length) return;
    const isRight = this.#received.startsWith("HTTP/1.1 200") && this.#received.slice(headEnd + 4) === this.#expect;
    this.#received = "";
    this.#onAnswer(performance.now() - this.#sentMs, isRight);
    this.#send();
  }
}

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
  const connections = Array.from(
    { length: job.connections },
    () =>
      new Connection(job, (latencyMs, isRight) => {
        if (!isRight) wrong += 1;
        if (!isCounting) return;
        requests += 1;
        const step = Math.min(STEPS - 1, Math.floor(latencyMs / STEP_MS));
        counts[step] = (counts[step] ?? 0) + 1;
      }),
  );
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
