/** Answers a request with a file of the app's asset pack, in pieces as the client reads. */
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import { toWireError } from "@nano/protocol/errors";
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
  readonly #onDone: () => void;
  #isEnded = false;

  /** @param onDone called once: the pack is not read any more */
  constructor(
    stream: LinkStream,
    head: RequestHead,
    { assets, entry, onDone }: { assets: AssetPack; entry: AssetEntry; onDone(): void },
  ) {
    this.#onDone = onDone;
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
    else this.#end();
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
    this.#end();
  }

  onDrain(): void {
    this.#send();
  }

  #send(): void {
    while (!this.#isEnded) {
      const bytes = Math.min(PIECE_BYTES, this.#entry.length - this.#offset);
      const piece = this.#read(bytes);
      if (piece === null) return;
      this.#offset += bytes;
      if (this.#offset === this.#entry.length) {
        this.#end();
        this.#stream.end(piece);
      } else if (!this.#stream.write(piece)) return;
    }
  }

  /** A pack that is damaged cuts this answer, not the link. */
  #read(length: number): Buffer | null {
    try {
      return this.#assets.read(this.#entry, { start: this.#offset, length });
    } catch (thrown) {
      this.#end();
      this.#stream.reset(toWireError(thrown));
      return null;
    }
  }

  #end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#onDone();
  }
}
