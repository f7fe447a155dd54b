/** Long bodies that are not kept: made and compared piece by piece, by their hash. */
import { createHash, randomBytes } from "node:crypto";
import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { Readable } from "node:stream";

export const MIB = 1024 * 1024;

export interface Seen {
  readonly status: number;
  readonly bytes: number;
  readonly sha256: string;
}

/** Bytes that no two pieces have alike, and that are known by their hash once they were sent. */
export class LongBody {
  readonly bytes: number;
  readonly #seed = randomBytes(MIB);
  readonly #hash = createHash("sha256");
  readonly #change: (byte: number) => number;
  #sentBytes = 0;

  /** @param change of each byte, by whoever sends it back: the hash is of what comes of it. @default none */
  constructor(bytes: number, change: ((byte: number) => number) | null = null) {
    this.bytes = bytes;
    this.#change = change ?? ((byte) => byte);
    this.#changed = change === null ? this.#seed : this.#seed.map(this.#change);
  }

  readonly #changed: Uint8Array;

  get sha256(): string {
    return this.#hash.copy().digest("hex");
  }

  stream(): Readable {
    return Readable.from(this.#pieces(), { objectMode: false, highWaterMark: MIB });
  }

  *#pieces(): Generator<Buffer> {
    while (this.#sentBytes < this.bytes) {
      const at = Math.floor(this.#sentBytes / MIB) % 251;
      const size = Math.min(MIB - at, this.bytes - this.#sentBytes);
      this.#sentBytes += size;
      this.#hash.update(this.#changed.subarray(at, at + size));
      yield this.#seed.subarray(at, at + size);
    }
  }
}

/** Hashes a message to its end. */
export async function readHash(message: IncomingMessage): Promise<Seen> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { status: message.statusCode ?? 0, bytes, sha256: hash.digest("hex") };
}

export interface ExchangePlace {
  readonly port: number;
  readonly host: string;
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Opens a request: one that may have a body is the caller's to end. */
export function openRequest(place: ExchangePlace): { req: ClientRequest; answered: Promise<IncomingMessage> } {
  const { port, host, path, method = "GET", headers = {} } = place;
  const req = request({ host: "127.0.0.1", port, path, method, headers: { host, ...headers }, agent: false });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    req.once("response", resolve);
    req.once("error", reject);
  });
  if (method === "GET") req.end();
  // One that is destroyed before it is answered is nobody's failure but the test's who waits for it.
  answered.catch(() => undefined);
  return { req, answered };
}

/** Sends a body and reads the answer, both at once. */
export async function exchange(place: ExchangePlace, body: LongBody | null): Promise<Seen> {
  const { req, answered } = openRequest(place);
  if (body !== null) body.stream().pipe(req);
  return readHash(await answered);
}
