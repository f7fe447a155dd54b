/** Serves one version in a worker: its assets first, then its script. */
import type { LinkStream, StreamListener } from "@nano/link/link-stream";
import type { WorkerId } from "@nano/protocol/brands";
import {
  encodeHeaderBlock,
  encodeResponseHead,
  type HeaderBlock,
  PREPARE_METHOD,
  type RequestHead,
} from "@nano/protocol/messages";
import { errors } from "../errors.ts";
import type { Assignment } from "../worker-messages.ts";
import type { AppAssets } from "./app-assets.ts";
import { AssetResponse } from "./asset-response.ts";
import { assetDebugHeaders } from "./debug-headers.ts";
import type { VersionLane } from "./version-lane.ts";

const PREPARED_STATUS = 204;
/** It cannot be restored: its first request is told why. */
const UNPREPARED_STATUS = 503;

export class VersionServer<Lane extends VersionLane = VersionLane> {
  readonly assignment: Assignment;
  readonly lane: Lane;
  readonly #assets: AppAssets | null;
  /** Of files. Empty: responses have no debug headers. */
  readonly #workerHeaders: HeaderBlock;

  /** @param assets null: it has none */
  constructor(
    assignment: Assignment,
    lane: Lane,
    { assets, debugWorkerId: workerId = null }: { assets: AppAssets | null; debugWorkerId?: WorkerId | null },
  ) {
    this.assignment = assignment;
    this.lane = lane;
    this.#assets = assets;
    this.#workerHeaders = workerId === null ? "" : assetDebugHeaders({ versionId: assignment.versionId, workerId });
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
    this.#assets?.close();
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
  #serveAsset(assets: AppAssets, stream: LinkStream, head: RequestHead): StreamListener | null {
    const hasScript = this.assignment.sliverPath !== null;
    const { pathname } = new URL(head.url);
    if (hasScript && this.assignment.manifest.runWorkerFirst === true) return null;
    const isRead = head.method === "GET" || head.method === "HEAD";
    const entry = isRead ? assets.pack.lookup(pathname) : null;
    if (entry !== null) {
      const release = assets.hold();
      const onDone = (): void => {
        this.lane.tally?.count(false);
        release();
      };
      const workerHeaders = this.#workerHeaders;
      return new AssetResponse(stream, head, { assets: assets.pack, entry, workerHeaders, onDone });
    }
    if (hasScript) return null;
    const error = isRead ? errors.ASSET_NOT_FOUND({ path: pathname }) : errors.ASSET_METHOD({ method: head.method });
    stream.reset(error.wire);
    return AssetResponse.ignored;
  }
}
