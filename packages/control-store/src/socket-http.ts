/** HTTP to the registry over its Unix socket: requests with JSON, and streams of JSON lines. */
import { request as httpRequest, type IncomingMessage } from "node:http";
import { fromWireError, type WireError } from "@nano/protocol/errors";
import { errors } from "./errors.ts";
import { readJsonLines } from "./json-lines.ts";

/** How long an answer may take; a take waits longer, by its own limit. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** Largest answer that is read whole: a snapshot. */
export const MAX_ANSWER_BYTES = 512 * 1024 * 1024;

export interface SocketRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error ? `${error.message} (${String(error.code)})` : error.message;
}

function openResponse(socketPath: string, options: SocketRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const body = options.body === undefined ? undefined : Buffer.from(JSON.stringify(options.body));
    const req = httpRequest({
      socketPath,
      method: options.method,
      path: options.path,
      // A connection each: they cost little on a Unix socket, and none is found closed under a commit.
      agent: false,
      headers: body === undefined ? {} : { "content-type": "application/json", "content-length": body.length },
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    req.setTimeout(REQUEST_TIMEOUT_MS, () => req.destroy(new Error(`no answer within ${REQUEST_TIMEOUT_MS} ms`)));
    req.once("error", reject);
    req.once("response", (res) => {
      // The answer has begun: from here on its reader watches for silence.
      req.setTimeout(0);
      // An error after this reaches the reader of the answer.
      req.on("error", () => undefined);
      resolve(res);
    });
    req.end(body);
  });
}

async function readAnswer(res: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of res) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`answer is larger than ${MAX_ANSWER_BYTES} bytes`);
  }
  return bytes === 0 ? null : JSON.parse(Buffer.concat(chunks, bytes).toString("utf8"));
}

const FIRST_ERROR_STATUS = 400;

export class SocketHttp {
  readonly #socketPath: string;
  readonly #closed = new AbortController();

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** @throws STORE_LOST, and what the registry answers as an error */
  async request(options: SocketRequest): Promise<unknown> {
    const res = await this.#open(options);
    let answer: unknown;
    try {
      answer = await readAnswer(res);
    } catch (error) {
      throw errors.LOST({ what: options.path, why: reasonOf(error) }, error);
    }
    if ((res.statusCode ?? 0) >= FIRST_ERROR_STATUS) throw fromWireError(answer as WireError);
    return answer;
  }

  /** The lines of a long answer. @throws STORE_LOST, and what the registry answers as an error */
  async *stream(options: SocketRequest): AsyncIterable<unknown> {
    const res = await this.#open(options);
    if ((res.statusCode ?? 0) >= FIRST_ERROR_STATUS) {
      const answer = await readAnswer(res).catch((error) => {
        throw errors.LOST({ what: options.path, why: reasonOf(error) }, error);
      });
      throw fromWireError(answer as WireError);
    }
    yield* readJsonLines(res, options.path);
  }

  /** Ends what is running; further requests fail with STORE_LOST. */
  close(): void {
    this.#closed.abort();
  }

  async #open(options: SocketRequest): Promise<IncomingMessage> {
    const { signal } = options;
    const closed = this.#closed.signal;
    try {
      const either = signal === undefined ? closed : AbortSignal.any([signal, closed]);
      return await openResponse(this.#socketPath, { ...options, signal: either });
    } catch (error) {
      throw errors.LOST({ what: options.path, why: reasonOf(error) }, error);
    }
  }
}
