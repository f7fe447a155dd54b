/** Answers a request with a file of the app's asset pack, in pieces as the client reads. */
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import { encodeHeaderBlock, encodeResponseHead, type RequestHead } from "@nano/protocol/messages";
import type { AssetEntry, AssetPack } from "@nano/sliver/asset-pack";

const PIECE_BYTES = 64 * 1024;
const IF_NONE_MATCH = /^if-none-match\n([^\n]*)\n/im;

export class AssetResponse implements StreamListener {
  /** Listener of a request that was answered at once. */
  static readonly ignored: StreamListener = { onHead() {}, onData() {}, onEnd() {}, onReset() {}, onDrain() {} };

  readonly #stream: LinkStream;
  readonly #assets: AssetPack;
  readonly #entry: AssetEntry;
  #offset = 0;
  #isEnded = false;

  constructor(stream: LinkStream, head: RequestHead, assets: AssetPack, entry: AssetEntry) {
    this.#stream = stream;
    this.#assets = assets;
    this.#entry = entry;
    const etag = `"${entry.etag}"`;
    const isFresh =
      IF_NONE_MATCH.exec(head.headers)?.[1]
        ?.split(/\s*,\s*/)
        .includes(etag) === true;
    const headers = [
      "content-type",
      entry.contentType,
      "etag",
      etag,
      "cache-control",
      "public, max-age=0, must-revalidate",
    ];
    if (!isFresh) headers.push("content-length", String(entry.length));
    const hasBody = !isFresh && head.method === "GET" && entry.length > 0;
    const status = isFresh ? 304 : 200;
    stream.sendHead(encodeResponseHead({ status, statusText: "", headers: encodeHeaderBlock(headers) }), !hasBody);
    if (hasBody) this.#send();
  }

  onHead(): void {
    // Only initiators hear heads.
  }

  /** A body sent with a GET is not wanted. */
  onData(chunk: Buffer): void {
    this.#stream.grant(chunk.length);
  }

  onEnd(): void {
    // Nothing waits for the request's end.
  }

  onReset(): void {
    this.#isEnded = true;
  }

  onDrain(): void {
    this.#send();
  }

  #send(): void {
    while (!this.#isEnded) {
      const bytes = Math.min(PIECE_BYTES, this.#entry.length - this.#offset);
      const piece = this.#assets.read(this.#entry, { start: this.#offset, length: bytes });
      this.#offset += bytes;
      if (this.#offset === this.#entry.length) {
        this.#isEnded = true;
        this.#stream.end(piece);
      } else if (!this.#stream.write(piece)) return;
    }
  }
}
