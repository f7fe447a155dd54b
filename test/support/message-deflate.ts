/** permessage-deflate of RFC 7692 as a client does it, by what the server agreed to. */
import {
  constants,
  createDeflateRaw,
  createInflateRaw,
  type DeflateRaw,
  deflateRawSync,
  type InflateRaw,
  inflateRawSync,
} from "node:zlib";

/** What a flush leaves at the end of a message, and the wire does not have. */
const FLUSH_TAIL = Buffer.of(0, 0, 0xff, 0xff);
const DEFAULT_WINDOW_BITS = 15;

export class MessageDeflate {
  /** Null: each message begins with an empty window. */
  readonly #deflater: DeflateRaw | null;
  readonly #inflater: InflateRaw | null;
  readonly #windowBits: number;

  /** @param agreed the header `sec-websocket-extensions` of the answer @throws where it is another extension, or none */
  constructor(agreed: string | undefined) {
    const [name, ...pairs] = (agreed ?? "").split(";").map((part) => part.trim());
    if (name !== "permessage-deflate") throw new Error(`Compression was not agreed to: ${agreed}`);
    const parameters = new Map(pairs.map((pair) => [pair.split("=")[0], pair.split("=")[1]]));
    this.#windowBits = Number(parameters.get("client_max_window_bits") ?? DEFAULT_WINDOW_BITS);
    const options = { windowBits: this.#windowBits };
    this.#deflater = parameters.has("client_no_context_takeover") ? null : createDeflateRaw(options);
    this.#inflater = parameters.has("server_no_context_takeover") ? null : createInflateRaw();
  }

  async deflate(payload: Buffer): Promise<Buffer> {
    const options = { windowBits: this.#windowBits, finishFlush: constants.Z_SYNC_FLUSH };
    const bytes = this.#deflater === null ? deflateRawSync(payload, options) : await pass(this.#deflater, payload);
    return bytes.subarray(0, bytes.length - FLUSH_TAIL.length);
  }

  async inflate(payload: Buffer): Promise<Buffer> {
    const bytes = Buffer.concat([payload, FLUSH_TAIL]);
    if (this.#inflater === null) return inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
    return pass(this.#inflater, bytes);
  }

  close(): void {
    this.#deflater?.close();
    this.#inflater?.close();
  }
}

function pass(stream: DeflateRaw | InflateRaw, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const take = (chunk: Buffer): void => void chunks.push(chunk);
    stream.on("data", take);
    stream.once("error", reject);
    stream.write(bytes);
    stream.flush(constants.Z_SYNC_FLUSH, () => {
      stream.off("data", take);
      stream.off("error", reject);
      resolve(Buffer.concat(chunks));
    });
  });
}
