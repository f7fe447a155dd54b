/** Serves one version in a worker: its assets first, then its script. */
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import { encodeHeaderBlock, encodeResponseHead, PREPARE_METHOD, type RequestHead } from "@nano/protocol/messages";
import { AssetPack } from "@nano/sliver/asset-pack";
import { errors } from "../errors.ts";
import type { Assignment } from "../worker-messages.ts";
import { AssetResponse } from "./asset-response.ts";
import type { VersionLane } from "./version-lane.ts";

const PREPARED_STATUS = 204;
/** It cannot be restored: its first request is told why. */
const UNPREPARED_STATUS = 503;

export class VersionServer<Lane extends VersionLane = VersionLane> {
  readonly assignment: Assignment;
  readonly lane: Lane;
  readonly #assets: AssetPack | null;
  /** Answers that still read the pack. */
  #assetCount = 0;
  #isClosed = false;

  /** @throws where the asset pack cannot be read */
  constructor(assignment: Assignment, lane: Lane) {
    this.assignment = assignment;
    this.#assets = assignment.assetsPath === null ? null : AssetPack.open(assignment.assetsPath);
    this.lane = lane;
  }

  serve(stream: LinkStream, head: RequestHead, options: { linkId: number; isEnd: boolean }): StreamListener {
    if (head.method === PREPARE_METHOD) return this.#prepare(stream);
    if (this.#assets !== null) {
      const response = this.#serveAsset(this.#assets, stream, head);
      if (response !== null) return response;
    }
    return this.lane.admit(stream, head, options);
  }

  /** Once nothing waits or runs in its lane. Files that are being sent are sent to their end. */
  close(): void {
    this.#isClosed = true;
    if (this.#assetCount === 0) this.#assets?.close();
  }

  /** A router is about to send the first requests: they find an isolate. */
  #prepare(stream: LinkStream): StreamListener {
    this.lane.prepareStandby();
    const isReady = this.lane.isWarm || this.assignment.sliverPath === null;
    const status = isReady ? PREPARED_STATUS : UNPREPARED_STATUS;
    stream.sendHead(encodeResponseHead({ status, statusText: "", headers: encodeHeaderBlock([]) }), true);
    return AssetResponse.ignored;
  }

  /** Null: the script answers. */
  #serveAsset(assets: AssetPack, stream: LinkStream, head: RequestHead): StreamListener | null {
    const hasScript = this.assignment.sliverPath !== null;
    const { pathname } = new URL(head.url);
    const isRead = head.method === "GET" || head.method === "HEAD";
    const entry = isRead ? assets.lookup(pathname) : null;
    if (entry !== null) {
      this.#assetCount += 1;
      return new AssetResponse(stream, head, { assets, entry, onDone: () => this.#assetDone() });
    }
    if (hasScript) return null;
    const error = isRead ? errors.ASSET_NOT_FOUND({ path: pathname }) : errors.ASSET_METHOD({ method: head.method });
    stream.reset(error.wire);
    return AssetResponse.ignored;
  }

  #assetDone(): void {
    this.lane.tally?.count(false);
    this.#assetCount -= 1;
    if (this.#isClosed) this.close();
  }
}
