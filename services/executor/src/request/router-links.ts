/**
 * Serves the routers that dialled this worker: each socket becomes a link, each stream of it a request.
 *
 * I1 Routers take a worker that is silent for gone within seconds. Before entries that may take longer, it says so.
 */
import type { Socket } from "node:net";
import { acceptLink } from "@nano/link/accept-link";
import { isSameCredential } from "@nano/link/credential";
import type { Link } from "@nano/link/link";
import type { StreamListener } from "@nano/link/link-stream";
import type { WireError } from "@nano/protocol/errors";
import { decodeRequestHead, preparedVersion, type RequestHead } from "@nano/protocol/messages";
import { errors } from "../errors.ts";
import { recorderLinkId } from "../flight-recorder.ts";
import type { VersionTable } from "./version-table.ts";

/** What one turn of the event loop may take without a word to routers: well under what they wait for (`LinkLimits`). */
const FREE_SILENCE_MS = 2_000;
const REFUSED: StreamListener = { onHead() {}, onData() {}, onEnd() {}, onReset() {}, onDrain() {} };

export interface RouterLinksOptions {
  readonly workerId: string;
  readonly credential: string;
  readonly versions: VersionTable;
  /** Streams of one router that may be open at once. @default as links have it */
  readonly maxStreamCount?: number;
}

export class RouterLinks {
  readonly #options: RouterLinksOptions;
  readonly #links = new Set<Link>();
  /** Of links that have ended too, until their last bytes are out. */
  readonly #sockets = new Set<Socket>();
  #isDraining = false;
  /** When this turn's first entry began; 0: there was none. */
  #turnBeganMs = 0;
  /** Until when nobody expects to hear from here. */
  #coveredUntilMs = 0;
  #isAnnounced = false;
  readonly #endTurn = (): void => {
    this.#turnBeganMs = 0;
    if (!this.#isAnnounced) return;
    this.#isAnnounced = false;
    for (const link of this.#links) link.announceSilence(0);
  };

  constructor(options: RouterLinksOptions) {
    this.#options = options;
  }

  get streamCount(): number {
    let count = 0;
    for (const link of this.#links) count += link.streamCount;
    return count;
  }

  /** Whether everything that was answered has left this process. */
  get isClosed(): boolean {
    return this.#sockets.size === 0;
  }

  /** The guest is entered for up to `limitMs`; sockets are neither read nor written meanwhile. */
  entering(limitMs: number): void {
    const nowMs = performance.now();
    if (this.#turnBeganMs === 0) {
      this.#turnBeganMs = nowMs;
      this.#coveredUntilMs = nowMs + FREE_SILENCE_MS;
      setImmediate(this.#endTurn);
    }
    if (nowMs + limitMs <= this.#coveredUntilMs) return;
    const silenceMs = limitMs + FREE_SILENCE_MS;
    this.#coveredUntilMs = nowMs + silenceMs;
    this.#isAnnounced = true;
    for (const link of this.#links) link.announceSilence(silenceMs);
  }

  accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    const { credential, workerId, versions, maxStreamCount } = this.#options;
    let linkId = 0;
    const link = acceptLink(socket, {
      peer: workerId,
      isPrompt: true,
      ...(maxStreamCount === undefined ? {} : { limits: { maxStreamCount } }),
      verifyHello: (hello) => isSameCredential(credential, hello.credential),
      onOpen: (opened, hello) => {
        linkId = recorderLinkId(hello.peer);
        if (this.#isDraining) opened.goaway();
      },
      onStream: (stream, payload, isEnd) => {
        const head = awaitedHead(decodeRequestHead(payload));
        if (versions.isElsewhere(head.versionId)) {
          stream.reset(errors.OWN_WORKER({ versionId: head.versionId }).wire);
          return REFUSED;
        }
        const options = { linkId, isEnd };
        const server = versions.get(head.versionId);
        return server === undefined ? versions.hold(stream, head, options) : server.serve(stream, head, options);
      },
      onClose: (_, closed) => this.#links.delete(closed),
    });
    this.#links.add(link);
  }

  /** Gives up what is under way: a request that may run again is told to, elsewhere. Answers how many answers were cut off. */
  cut(): number {
    let cutCount = 0;
    for (const link of [...this.#links]) cutCount += link.cutStreams(reasonToEnd);
    return cutCount;
  }

  /** Takes no new streams; links close when theirs have ended. */
  drain(): void {
    this.#isDraining = true;
    for (const link of this.#links) link.goaway();
  }
}

/** Held ready is the version that is named, also where it is not here yet: its server answers. */
function awaitedHead(head: RequestHead): RequestHead {
  const versionId = preparedVersion(head);
  return versionId === null ? head : { ...head, versionId };
}

function reasonToEnd(listener: StreamListener): WireError {
  const mayRunAgain = "mayRunElsewhere" in listener && listener.mayRunElsewhere === true;
  return mayRunAgain ? errors.WORKER_DRAINING({}).wire : errors.DRAIN_CUT({}).wire;
}
