/** A connection inside its isolate on a thread of its own, as its worker has it. */
import type { GuestHost, GuestRequest, OutboundFetch, OutboundFetchListener, RunSink } from "@nano/isolate/isolate";
import { bytesOf } from "@nano/isolate/outgoing-limits";
import type { SourceFall } from "../request/sliver-sources.ts";
import type { SocketConnection } from "./socket-connection.ts";
import { messageCost } from "./socket-inbox.ts";
import type { SocketSession } from "./socket-session.ts";
import type { SocketThread } from "./socket-thread.ts";
import type { ThreadBegin, ThreadOutput } from "./thread-messages.ts";

/** Messages in the port of a thread at once, and what they may cost: enough that it never waits for the next. */
const MAX_AHEAD_COUNT = 64;
const MAX_AHEAD_BYTES = 256 * 1024;
/** While something waits to be sent, the thread is told how much this often. */
const RETELL_MS = 50;

export interface ThreadSessionOptions {
  readonly thread: SocketThread;
  readonly begin: Omit<ThreadBegin, "type" | "request" | "waitedMs">;
  readonly connection: SocketConnection;
  readonly host: GuestHost;
  onRestored(): void;
  onLimit(reason: string, count: number): void;
  onFell(fall: SourceFall): void;
}

export class ThreadSession implements SocketSession {
  readonly #options: ThreadSessionOptions;
  readonly #fetches = new Map<number, OutboundFetch>();
  #sink: RunSink | null = null;
  #aheadCount = 0;
  #aheadBytes = 0;
  #receivedBytes = 0;
  #isTellingPlanned = false;
  #retellTimer: NodeJS.Timeout | null = null;
  #isOver = false;

  constructor(options: ThreadSessionOptions) {
    this.#options = options;
  }

  get canTake(): boolean {
    return this.#aheadCount < MAX_AHEAD_COUNT && this.#aheadBytes < MAX_AHEAD_BYTES;
  }

  start(request: GuestRequest, sink: RunSink): void {
    this.#sink = sink;
    const { arrivedMs, ...rest } = request;
    const waitedMs = arrivedMs === undefined ? 0 : performance.now() - arrivedMs;
    this.#options.thread.run(this, { ...this.#options.begin, type: "begin", request: rest, waitedMs });
  }

  deliver(data: string | ArrayBuffer): boolean {
    this.#aheadCount += 1;
    this.#aheadBytes += messageCost(data);
    this.#options.thread.post({ type: "message", data }, data);
    return false;
  }

  drained(): void {
    this.#tellSent();
  }

  close(code: number, reason: string, isClean: boolean): void {
    this.#options.thread.post({ type: "closed", code, reason, isClean });
  }

  pull(): void {
    this.#options.thread.post({ type: "pull" });
  }

  abort(reason: string): void {
    this.#options.thread.post({ type: "abort", reason });
  }

  dispose(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#sink = null;
    if (this.#retellTimer !== null) clearTimeout(this.#retellTimer);
    for (const fetch of this.#fetches.values()) fetch.cancel();
    this.#fetches.clear();
  }

  /** The thread has ended by itself. */
  lost(): void {
    if (!this.#isOver) this.#options.connection.sessionLost();
  }

  receive(output: ThreadOutput): void {
    const sink = this.#sink;
    if (sink === null) return;
    switch (output.type) {
      case "ready":
        return;
      case "respond":
        sink.respond(output.head, output.body);
        return;
      case "chunk":
        if (sink.writeResponse(output.chunk)) this.pull();
        return;
      case "response_end":
        sink.endResponse();
        return;
      case "failed":
        sink.failResponse(output.error, output.isHeadSent);
        return;
      case "upgraded":
        sink.socket?.upgrade(output.head);
        return;
      case "message":
        this.#receivedBytes += bytesOf(output.data, 0);
        sink.socket?.sendMessage(output.data);
        this.#tellSent();
        return;
      case "overflow":
        this.#options.connection.overflow();
        return;
      case "close":
        sink.socket?.closeSocket(output.code, output.reason);
        return;
      case "taken":
        this.#aheadCount -= 1;
        this.#aheadBytes -= output.bytes;
        this.#options.connection.taken(output.bytes);
        return;
      case "settled":
        this.#settled(sink);
        return;
      case "restored":
        this.#options.onRestored();
        return;
      case "limits":
        for (const [reason, count] of Object.entries(output.counts)) this.#options.onLimit(reason, count);
        return;
      case "fell":
        this.#options.onFell(output.fall);
        return;
      case "log":
        this.#options.host.log(output.line as Parameters<GuestHost["log"]>[0]);
        return;
      default:
        this.#receiveFetch(output);
    }
  }

  #settled(sink: RunSink): void {
    sink.settle();
    this.#options.thread.free();
  }

  #receiveFetch(output: Extract<ThreadOutput, { readonly id: number }>): void {
    const { id } = output;
    const fetch = this.#fetches.get(id);
    switch (output.type) {
      case "fetch":
        this.#openFetch(id, (listener) => this.#options.host.openFetch(output.head, listener));
        return;
      case "fetch_asset": {
        const { openAsset } = this.#options.host;
        if (openAsset !== undefined) this.#openFetch(id, (listener) => openAsset(output.head, listener));
        return;
      }
      case "fetch_body":
        if (fetch?.writeBody(output.chunk)) this.#options.thread.post({ type: "fetch_drain", id });
        return;
      case "fetch_body_end":
        fetch?.endBody();
        return;
      case "fetch_pull":
        fetch?.pull();
        return;
      case "fetch_cancel":
        this.#fetches.delete(id);
        fetch?.cancel();
        return;
      default:
        output satisfies never;
    }
  }

  #openFetch(id: number, open: (listener: OutboundFetchListener) => OutboundFetch): void {
    const { thread } = this.#options;
    const fetch = open({
      onHead: (answered) => thread.post({ type: "fetch_head", id, head: answered }),
      onChunk: (chunk) => thread.post({ type: "fetch_chunk", id, chunk }, chunk),
      onEnd: () => {
        this.#fetches.delete(id);
        thread.post({ type: "fetch_end", id });
      },
      onError: (message) => {
        this.#fetches.delete(id);
        thread.post({ type: "fetch_error", id, message });
      },
      onBodyDrain: () => thread.post({ type: "fetch_drain", id }),
    });
    this.#fetches.set(id, fetch);
  }

  /** Once per turn, and again while something waits. */
  #tellSent(): void {
    if (this.#isTellingPlanned || this.#isOver) return;
    this.#isTellingPlanned = true;
    setImmediate(() => {
      this.#isTellingPlanned = false;
      if (this.#isOver) return;
      const { connection, thread } = this.#options;
      const waitingBytes = connection.isOpen ? connection.bufferedBytes : null;
      thread.post({ type: "sent", receivedBytes: this.#receivedBytes, waitingBytes });
      if (waitingBytes === null || waitingBytes === 0 || this.#retellTimer !== null) return;
      this.#retellTimer = setTimeout(() => {
        this.#retellTimer = null;
        this.#tellSent();
      }, RETELL_MS);
    });
  }
}
