/** The process of a client: see `cluster-client.ts`. */
import { Agent, type IncomingMessage, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { serveCommands } from "./bench-child.ts";
import { type ClientCommands, type PacedJob, STREAM_CHUNK_BYTES } from "./cluster-client.ts";
import { readStream } from "./stream-reader.ts";

const MAX_CONNECTIONS = 64;
/** A reader that is further ahead of its rate than this pauses. */
const AHEAD_MS = 4;

/** The chunk of `stream-handler.js`, twice: any cut of the stream is found in it. */
const pattern = Buffer.alloc(2 * STREAM_CHUNK_BYTES);
for (let index = 0; index < pattern.length; index++) {
  const at = index % STREAM_CHUNK_BYTES;
  pattern[index] = (at * 31 + (at >> 8)) & 0xff;
}

const agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS });
let isStopped = false;

function open(job: PacedJob): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { port, host } = job;
    const req = request({ agent, host: "127.0.0.1", port, path: "/", headers: { host } }, (res) => {
      if (res.statusCode === 200) resolve(res);
      else reject(new Error(`${host} answered ${res.statusCode}`));
    });
    req.on("error", reject);
    req.end();
  });
}

async function ask(job: PacedJob): Promise<number> {
  const sentMs = performance.now();
  const res = await open(job);
  let body = "";
  for await (const chunk of res.setEncoding("latin1")) body += chunk;
  if (body !== job.expect) throw new Error(`${job.host} answered ${body.slice(0, 300)}`);
  return performance.now() - sentMs;
}

serveCommands<ClientCommands>({
  async pace(job) {
    isStopped = false;
    const startMs = performance.now();
    const answers: Promise<number>[] = [];
    while (!isStopped) {
      const due = Math.floor(((performance.now() - startMs) * job.requestsPerSecond) / 1000);
      while (answers.length < due) answers.push(ask(job));
      await delay(1);
    }
    return await Promise.all(answers);
  },
  stop() {
    isStopped = true;
  },
  async stream({ chunkCount, bytesPerSecond, ...job }) {
    const startMs = performance.now();
    let receivedBytes = 0;
    await readStream({ ...job, path: `/?chunks=${chunkCount}` }, (bytes) => {
      for (let from = 0; from < bytes.length; ) {
        const at = (receivedBytes + from) % STREAM_CHUNK_BYTES;
        const part = bytes.subarray(from, from + STREAM_CHUNK_BYTES);
        if (!part.equals(pattern.subarray(at, at + part.length))) throw new Error("The stream has a wrong byte");
        from += part.length;
      }
      receivedBytes += bytes.length;
      if (bytesPerSecond === null) return 0;
      const aheadMs = (receivedBytes * 1000) / bytesPerSecond - (performance.now() - startMs);
      return aheadMs < AHEAD_MS ? 0 : aheadMs;
    });
    if (receivedBytes !== chunkCount * STREAM_CHUNK_BYTES) throw new Error(`The stream had ${receivedBytes} bytes`);
    return (performance.now() - startMs) / 1000;
  },
});
