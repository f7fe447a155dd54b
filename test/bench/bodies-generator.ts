/**
 * A closed-loop generator of bodies in a process of its own: so many keep-alive connections, each uploading or downloading its next body when
 * the last answer is whole and right. Prints one JSON line, as `generator.ts` does.
 */
import { connect } from "node:net";
import { createBody, describeBody } from "./bench-body.ts";
import { CountedRun } from "./counted-run.ts";
import { bodyRequest, getRequest, KeepAliveConnection } from "./keep-alive-connection.ts";
import { ChunkedAnswer } from "./stream-reader.ts";

export interface BodiesJob {
  readonly port: number;
  readonly host: string;
  readonly direction: "up" | "down";
  readonly bodyBytes: number;
  readonly connections: number;
  readonly warmUpMs: number;
  readonly durationMs: number;
}

const READ_BYTES = 256 * 1024;

function upload(job: BodiesJob, counted: CountedRun): void {
  const body = createBody(job.bodyBytes);
  const expect = describeBody(body);
  const request = bodyRequest(job.host, "/up", { method: "POST", contentType: "application/octet-stream", body });
  new KeepAliveConnection(job.port, {
    next: () => request,
    take: ({ isOk, body: answer, latencyMs }) => counted.add({ isRight: isOk && answer === expect, latencyMs }),
    onError: fail,
  });
}

/** Every byte is compared, where it was read to: no answer is put together. */
function download(job: BodiesJob, counted: CountedRun): void {
  const expected = createBody(job.bodyBytes);
  const request = getRequest(job.host, `/down?bytes=${job.bodyBytes}`);
  let receivedBytes = 0;
  let isRight = true;
  let sentMs = 0;
  const takeBytes = (bytes: Buffer): number => {
    const wanted = expected.subarray(receivedBytes, receivedBytes + bytes.length);
    if (!bytes.equals(wanted)) isRight = false;
    receivedBytes += bytes.length;
    return 0;
  };
  let answer = new ChunkedAnswer(takeBytes);
  const socket = connect({
    port: job.port,
    host: "127.0.0.1",
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback(count, buffer) {
        answer.push(Buffer.from(buffer.buffer, buffer.byteOffset, count));
        if (!answer.isWhole) return true;
        counted.add({ isRight: isRight && receivedBytes === job.bodyBytes, latencyMs: performance.now() - sentMs });
        send();
        return true;
      },
    },
  });
  const send = (): void => {
    answer = new ChunkedAnswer(takeBytes);
    receivedBytes = 0;
    isRight = true;
    sentMs = performance.now();
    socket.write(request);
  };
  socket.on("connect", send);
  socket.on("error", fail);
  socket.on("end", () => fail(new Error("The connection was ended")));
}

function fail(error: Error): never {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

async function run(job: BodiesJob): Promise<void> {
  const counted = new CountedRun();
  const begin = job.direction === "up" ? upload : download;
  for (let i = 0; i < job.connections; i++) begin(job, counted);
  await counted.end(job);
}

await run(JSON.parse(process.argv[2] ?? "{}") as BodiesJob);
