/** Answers a request with a file of the app's asset pack, in pieces as the client reads. */
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import { toWireError } from "@nano/protocol/errors";
import {
  decodeHeaderBlock,
  encodeHeaderBlock,
  encodeResponseHead,
  type HeaderBlock,
  type RequestHead,
} from "@nano/protocol/messages";
import type { AssetEntry, AssetPack } from "@nano/sliver/asset-pack";
import { decideAssetPart } from "./asset-conditions.ts";
import { assetHeaders } from "./asset-headers.ts";

const PIECE_BYTES = 64 * 1024;

export class AssetResponse implements StreamListener {
  /** Listener of a request that was answered at once. */
  static readonly ignored: StreamListener = { onHead() {}, onData() {}, onEnd() {}, onReset() {}, onDrain() {} };

  readonly #stream: LinkStream;
  readonly #assets: AssetPack;
  readonly #entry: AssetEntry;
  #offset: number;
  readonly #endOffset: number;
  readonly #onDone: () => void;
  #isEnded = false;

  /** @param workerHeaders beside the file's; onDone called once: the pack is not read any more */
  constructor(
    stream: LinkStream,
    head: RequestHead,
    {
      assets,
      entry,
      workerHeaders,
      onDone,
    }: { assets: AssetPack; entry: AssetEntry; workerHeaders: HeaderBlock; onDone(): void },
  ) {
    this.#onDone = onDone;
    this.#stream = stream;
    this.#assets = assets;
    this.#entry = entry;
    const part = decideAssetPart(head.method, decodeHeaderBlock(head.headers), entry);
    this.#offset = part.start;
    this.#endOffset = part.start + part.length;
    const hasBody = head.method === "GET" && part.length > 0;
    const headers = encodeHeaderBlock(assetHeaders(entry, part));
    stream.sendHead(encodeResponseHead({ status: part.status, statusText: "", headers, workerHeaders }), !hasBody);
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
      const bytes = Math.min(PIECE_BYTES, this.#endOffset - this.#offset);
      const piece = this.#read(bytes);
      if (piece === null) return;
      this.#offset += bytes;
      if (this.#offset === this.#endOffset) {
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
