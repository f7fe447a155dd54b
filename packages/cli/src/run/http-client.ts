/** HTTP requests to a service at a Unix socket or on localhost. */
import { type IncomingMessage, request } from "node:http";
import { parseAddress } from "@nano/service-kit/listen";

export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export interface HttpCall {
  /** Absolute path of a Unix socket, or `host:port`. */
  readonly address: string;
  readonly method: string;
  readonly path: string;
  readonly body?: Uint8Array | undefined;
  readonly contentType?: string;
  /** Silence longer than this ends the call. */
  readonly idleTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** The answer with its body still to come. Rejects with the socket's error. */
export function openCall(call: HttpCall): Promise<IncomingMessage> {
  const parsed = parseAddress(call.address);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        ...("path" in parsed ? { socketPath: parsed.path } : { host: parsed.host, port: parsed.port }),
        method: call.method,
        path: call.path,
        agent: false,
        headers:
          call.body === undefined
            ? {}
            : { "content-type": call.contentType ?? "application/json", "content-length": call.body.byteLength },
        timeout: call.idleTimeoutMs,
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      },
      resolve,
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer for ${call.idleTimeoutMs} ms`)));
    outgoing.on("error", reject);
    outgoing.end(call.body);
  });
}

/** The whole answer. Rejects with the socket's error, or where the answer is above `MAX_ANSWER_BYTES`. */
export async function callWhole(call: HttpCall): Promise<{ status: number; body: Buffer }> {
  const answer = await openCall(call);
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > MAX_ANSWER_BYTES) throw new Error(`answer is above ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return { status: answer.statusCode ?? 0, body: Buffer.concat(chunks) };
}
