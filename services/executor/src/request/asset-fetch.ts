/**
 * Answers a fetch of `env.ASSETS` with a file of the app, a piece for each pull.
 *
 * I1 Nothing is heard within the call that asks: the guest is still running.
 * I2 No more than one piece is in memory. After the end, an error or a cancel nothing is heard, and the pack is not read.
 */
import { ownBuffer } from "@nano/isolate/host-ops";
import type { AssetHead, OutboundFetch, OutboundFetchListener } from "@nano/isolate/isolate";
import { toWireError } from "@nano/protocol/errors";
import { decodeHeaderBlock, encodeHeaderBlock } from "@nano/protocol/messages";
import type { AssetEntry, AssetPack } from "@nano/sliver/asset-pack";
import { type AssetPart, decideAssetPart } from "./asset-conditions.ts";
import { assetHeaders } from "./asset-headers.ts";

const PIECE_BYTES = 64 * 1024;

export interface AssetFetchOptions {
  readonly pack: AssetPack;
  readonly listener: OutboundFetchListener;
  /** Called once: the pack is not read any more. */
  onDone(): void;
}

interface Found {
  readonly entry: AssetEntry;
  readonly part: AssetPart;
}

export class AssetFetch implements OutboundFetch {
  readonly #options: AssetFetchOptions;
  readonly #head: AssetHead;
  #found: Found | null = null;
  #offset = 0;
  #endOffset = 0;
  /** Pulled before its head was told. */
  #isPulled = false;
  #isHeadTold = false;
  #isDone = false;

  constructor(head: AssetHead, options: AssetFetchOptions) {
    this.#options = options;
    this.#head = head;
    setImmediate(() => this.#tellHead());
  }

  /** A body is not wanted. */
  writeBody(): boolean {
    return true;
  }

  endBody(): void {
    // Nothing waits for the request's end.
  }

  pull(): void {
    this.#isPulled = true;
    if (this.#isHeadTold) process.nextTick(() => this.#deliver());
  }

  cancel(): void {
    this.#done();
  }

  #tellHead(): void {
    if (this.#isDone) return;
    const { method, url } = this.#head;
    const { listener } = this.#options;
    const parsed = URL.parse(url);
    if (parsed === null || (parsed.protocol !== "http:" && parsed.protocol !== "https:")) {
      this.#fail("fetch failed: env.ASSETS takes URLs with http or https");
      return;
    }
    const isRead = method === "GET" || method === "HEAD";
    const entry = isRead ? this.#options.pack.lookup(parsed.pathname) : null;
    const part = entry === null ? null : decideAssetPart(method, decodeHeaderBlock(this.#head.headers), entry);
    let status = isRead ? 404 : 405;
    let headers = ["content-length", "0", ...(isRead ? [] : ["allow", "GET, HEAD"])];
    if (entry !== null && part !== null) {
      status = part.status;
      headers = assetHeaders(entry, part);
      this.#found = { entry, part };
      this.#offset = part.start;
      this.#endOffset = method === "GET" ? part.start + part.length : part.start;
    }
    this.#isHeadTold = true;
    // A response's URL has no fragment.
    const [shown = url] = url.split("#", 1);
    listener.onHead({ status, statusText: "", url: shown, redirected: false, headers: encodeHeaderBlock(headers) });
    if (this.#offset === this.#endOffset) this.#end();
    else if (this.#isPulled) this.#deliver();
  }

  #deliver(): void {
    if (this.#isDone || !this.#isPulled || this.#found === null) return;
    this.#isPulled = false;
    const length = Math.min(PIECE_BYTES, this.#endOffset - this.#offset);
    let piece: ArrayBuffer;
    try {
      piece = ownBuffer(this.#options.pack.read(this.#found.entry, { start: this.#offset, length }));
    } catch (thrown) {
      this.#fail(`fetch failed: ${toWireError(thrown).reason}`);
      return;
    }
    this.#offset += length;
    this.#options.listener.onChunk(piece);
    if (this.#offset === this.#endOffset) this.#end();
  }

  #fail(message: string): void {
    if (this.#isDone) return;
    this.#done();
    this.#options.listener.onError(message);
  }

  #end(): void {
    if (this.#isDone) return;
    this.#done();
    this.#options.listener.onEnd();
  }

  #done(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#options.onDone();
  }
}
