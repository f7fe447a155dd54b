/** One request and its whole answer. */
import { type Agent, type IncomingHttpHeaders, request } from "node:http";

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly text: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly agent?: Agent;
}

export interface AskPlace {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** Longest silence of the other end. @default none */
  readonly silenceMs?: number;
}

/** What became of a request that has no whole answer. */
export interface LostRequest extends Error {
  /** No connection could be made: nothing was sent. */
  readonly isUnsent: boolean;
  /** The head of an answer had come. */
  readonly hasBegun: boolean;
}

function describeLoss(error: Error, state: Pick<LostRequest, "isUnsent" | "hasBegun">): LostRequest {
  return Object.assign(error, state);
}

/** Rejects with a `LostRequest` where the connection fails. */
export function askHttp({ host, port, path, silenceMs }: AskPlace, options: AskOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = "GET", headers = {}, body, agent } = options;
    let isConnected = false;
    let hasBegun = false;
    const fail = (error: Error): void => reject(describeLoss(error, { isUnsent: !isConnected, hasBegun }));
    const req = request({ host, port, path, method, headers, ...(agent && { agent }) }, (res) => {
      hasBegun = true;
      const chunks: Buffer[] = [];
      res.on("data", (chunk: Buffer) => chunks.push(chunk));
      res.on("error", fail);
      res.on("end", () => {
        const whole = Buffer.concat(chunks);
        resolve({
          status: res.statusCode ?? 0,
          headers: res.headers,
          rawHeaders: res.rawHeaders,
          body: whole,
          text: whole.toString(),
        });
      });
    });
    req.on("socket", (socket) => {
      if (socket.connecting) socket.once("connect", () => (isConnected = true));
      else isConnected = true;
    });
    if (silenceMs !== undefined) {
      req.setTimeout(silenceMs, () => req.destroy(new Error(`Nothing came for ${silenceMs} ms`)));
    }
    req.on("error", fail);
    req.end(body);
  });
}
