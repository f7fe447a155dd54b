/**
 * Reads one streamed answer over a plain socket into one buffer, over and over: the reader of a benchmark should take as little of the
 * cores as can be, and a client library hands out a new buffer for each read.
 */
import { connect } from "node:net";
import { getRequest } from "./keep-alive-connection.ts";

const READ_BYTES = 256 * 1024;
const LINE_FEED = 10;

export interface StreamSource {
  readonly port: number;
  readonly host: string;
  readonly path: string;
}

/** Calls `onBytes` for what each read brought; how many milliseconds it answers is how long nothing is read then. */
export function readStream({ port, host, path }: StreamSource, onBytes: (bytes: Buffer) => number): Promise<void> {
  return new Promise((resolve, reject) => {
    const body = new ChunkedAnswer(onBytes);
    const socket = connect({
      port,
      host: "127.0.0.1",
      onread: {
        buffer: Buffer.allocUnsafeSlow(READ_BYTES),
        callback(count, buffer) {
          try {
            const waitMs = body.push(Buffer.from(buffer.buffer, buffer.byteOffset, count));
            if (body.isWhole) socket.destroy();
            else if (waitMs > 0) setTimeout(() => socket.resume(), waitMs);
            return waitMs <= 0;
          } catch (error) {
            socket.destroy(error instanceof Error ? error : new Error(String(error)));
            return false;
          }
        },
      },
    });
    socket.on("error", reject);
    socket.on("close", () => {
      if (body.isWhole) resolve();
      else reject(new Error(`${host} cut its stream off`));
    });
    socket.write(getRequest(host, path));
  });
}

/** An answer of HTTP/1.1 in chunks, as far as a router sends it: no extensions, no trailers. */
export class ChunkedAnswer {
  readonly #onBytes: (bytes: Buffer) => number;
  #head: string[] | null = [];
  #line = "";
  #leftBytes = 0;
  #isWhole = false;

  constructor(onBytes: (bytes: Buffer) => number) {
    this.#onBytes = onBytes;
  }

  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Answers what the last `onBytes` did. */
  push(bytes: Buffer): number {
    let waitMs = 0;
    let at = 0;
    while (at < bytes.length && !this.#isWhole) {
      if (this.#leftBytes > 0) {
        const end = Math.min(bytes.length, at + this.#leftBytes);
        this.#leftBytes -= end - at;
        waitMs = this.#onBytes(bytes.subarray(at, end));
        at = end;
        continue;
      }
      const lineEnd = bytes.indexOf(LINE_FEED, at);
      this.#line += bytes.toString("latin1", at, lineEnd < 0 ? bytes.length : lineEnd);
      if (lineEnd < 0) break;
      at = lineEnd + 1;
      this.#takeLine(this.#line.trimEnd());
      this.#line = "";
    }
    return waitMs;
  }

  #takeLine(line: string): void {
    if (this.#head !== null) {
      if (line === "") this.#checkHead(this.#head);
      else this.#head.push(line.toLowerCase());
    } else if (line !== "") {
      // The line break after each chunk's bytes is an empty line.
      this.#leftBytes = Number.parseInt(line, 16);
      if (Number.isNaN(this.#leftBytes)) throw new Error(`No length of a chunk: ${line.slice(0, 100)}`);
      this.#isWhole = this.#leftBytes === 0;
    }
  }

  #checkHead(head: readonly string[]): void {
    const isRight = head[0]?.startsWith("http/1.1 200") && head.includes("transfer-encoding: chunked");
    if (!isRight) throw new Error(`Not a streamed answer: ${head.join(", ").slice(0, 300)}`);
    this.#head = null;
  }
}
