/**
 * The asset pack of one version: what its answers and its script's `env.ASSETS` read.
 *
 * I1 The file stays open until nobody reads it: a closed descriptor's number may be another file's.
 */
import type { AssetHead, OutboundFetch, OutboundFetchListener } from "@nano/isolate/isolate";
import { AssetPack } from "@nano/sliver/asset-pack";
import { AssetFetch } from "./asset-fetch.ts";

export class AppAssets {
  readonly pack: AssetPack;
  #readerCount = 0;
  #isClosed = false;

  /** @throws where it cannot be read */
  constructor(path: string) {
    this.pack = AssetPack.open(path);
  }

  /** Someone reads from now on. Answers what to call, once, when that is over. */
  hold(): () => void {
    this.#readerCount += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#readerCount -= 1;
      this.#closeUnread();
    };
  }

  /** For the script: what it asks for never leaves the worker. */
  readonly openFetch = (head: AssetHead, listener: OutboundFetchListener): OutboundFetch =>
    new AssetFetch(head, { pack: this.pack, listener, onDone: this.hold() });

  /** Files that are being sent are sent to their end. */
  close(): void {
    this.#isClosed = true;
    this.#closeUnread();
  }

  #closeUnread(): void {
    if (this.#isClosed && this.#readerCount === 0) this.pack.close();
  }
}
