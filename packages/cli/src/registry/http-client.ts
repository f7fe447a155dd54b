/** HTTP requests to one service, over connections that are kept. */
import { Agent, type IncomingMessage, request as requestPlain } from "node:http";
import { request as requestTls, Agent as TlsAgent } from "node:https";
import { type Endpoint, endpointOf } from "./endpoint.ts";

export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_CONNECTIONS = 16;
/** Below what servers keep an idle connection for (Node: 5 s), so that few calls meet one that is just being closed. */
const KEEP_IDLE_MS = 4_000;

export interface HttpClientOptions {
  readonly endpoint: Endpoint;
  /** Sent with each call. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** Certificates in PEM that are trusted instead of the system's. @default the system's */
  readonly ca?: string;
}

export interface HttpCall {
  readonly method: string;
  readonly path: string;
  readonly body?: Uint8Array | undefined;
  /** @default application/json */
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Silence longer than this ends the call. */
  readonly idleTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #agent: Agent;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    const kept = { keepAlive: true, maxSockets: MAX_CONNECTIONS, timeout: KEEP_IDLE_MS };
    const trust = options.ca === undefined ? {} : { ca: options.ca };
    this.#agent = options.endpoint.isTls ? new TlsAgent({ ...kept, ...trust }) : new Agent(kept);
  }

  /** The answer with its body still to come. Rejects with the socket's error. */
  open(call: HttpCall): Promise<IncomingMessage> {
    const { endpoint, headers } = this.#options;
    const { body } = call;
    const own =
      body === undefined
        ? {}
        : { "content-type": call.contentType ?? "application/json", "content-length": body.byteLength };
    const request = endpoint.isTls ? requestTls : requestPlain;
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          ...endpoint.target,
          method: call.method,
          path: endpoint.prefix + call.path,
          agent: this.#agent,
          headers: { ...headers, ...call.headers, ...own },
          timeout: call.idleTimeoutMs,
          ...(call.signal === undefined ? {} : { signal: call.signal }),
        },
        resolve,
      );
      outgoing.on("timeout", () => outgoing.destroy(timedOut(call.idleTimeoutMs)));
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  /** The whole answer. Rejects with the socket's error, or where the answer is above `MAX_ANSWER_BYTES`. */
  async whole(call: HttpCall): Promise<HttpAnswer> {
    const answer = await this.open(call);
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      sizeBytes += chunk.byteLength;
      if (sizeBytes > MAX_ANSWER_BYTES) throw new Error(`answer is above ${MAX_ANSWER_BYTES} bytes`);
      chunks.push(chunk);
    }
    return { status: answer.statusCode ?? 0, body: Buffer.concat(chunks) };
  }

  /** Ends the connections that are kept. Idempotent. */
  close(): void {
    this.#agent.destroy();
  }
}

function timedOut(idleTimeoutMs: number): Error {
  return Object.assign(new Error(`no answer for ${idleTimeoutMs} ms`), { code: "ETIMEDOUT" });
}

/** One call over a connection of its own, to what a configuration calls an address. */
export async function callOnce({ address, ...call }: HttpCall & { readonly address: string }): Promise<HttpAnswer> {
  const client = new HttpClient({ endpoint: endpointOf(address) });
  try {
    return await client.whole(call);
  } finally {
    client.close();
  }
}
