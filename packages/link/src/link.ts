/**
 * One connection between an initiator, which opens streams, and an acceptor, which answers them.
 *
 *   greeting ──HELLOs fit──▶ open ──goaway, either side──▶ draining ──last stream ends──▶ closed
 *       └──────────────────────┴── socket ends, silence, violation ──┴─────────────────────▶ closed
 *
 * An acceptor that sent GOAWAY leaves the last word to the initiator: streams that were on their way are answered, not lost.
 *
 * I1 `onClose` is called once, with the outcome; before it, every open stream is reset once with that cause.
 * I2 What one turn of the event loop sends becomes one write. Control frames go ahead of queued data.
 * I3 Streams with queued data take turns of one frame each.
 * I4 The peer can make nothing here grow without bound: see `LinkLimits`.
 */
import type { Socket } from "node:net";
import { isNanoError, type NanoError, toWireError, type WireError } from "@nano/protocol/errors";
import {
  FLAG_END_STREAM,
  FrameDecoder,
  FrameType,
  frameErrors,
  WIRE_VERSION,
  WIRE_VERSION_OLDEST,
} from "@nano/protocol/frames";
import {
  decodeSilence,
  decodeWindow,
  decodeWireError,
  encodeHello,
  encodeSilence,
  encodeWireError,
  type Hello,
} from "@nano/protocol/messages";
import { linkErrors } from "./errors.ts";
import { DEFAULT_LINK_LIMITS, type LinkLimits } from "./limits.ts";
import type { LinkOutcome } from "./link-outcome.ts";
import { LinkStream, type StreamListener, type StreamTransport } from "./link-stream.ts";
import { parseHello } from "./peek-hello.ts";
import { SilenceWatch } from "./silence-watch.ts";
import { WriteBatch } from "./write-batch.ts";

/** Data handed to the socket in one turn; also how much data a control frame can find ahead of it. */
const FLUSH_BUDGET_BYTES = 256 * 1024;
const MAX_STREAM_ID = 0xffff_ffff;

/** What its owner hears of a link. */
export interface LinkOwner {
  /** The HELLOs fit. Streams can be opened from here on. */
  onOpen?(link: Link, hello: Hello): void;
  /** It takes no further streams (GOAWAY, or stream ids used up) and closes when the open ones end. */
  onDraining?(link: Link, reason: WireError): void;
  /** Once, whatever happened. */
  onClose?(outcome: LinkOutcome, link: Link): void;
}

export interface LinkOptions extends LinkOwner {
  readonly limits?: Partial<LinkLimits>;
  /** Who this side is, for the other's logs. */
  readonly peer: string;
  /** This side answers pings at once, or calls `announceSilence` before it does not. @default false */
  readonly isPrompt?: boolean;
  readonly role:
    | { readonly type: "initiator"; readonly credential: string }
    | {
        readonly type: "acceptor";
        /** Compares `hello.credential` in constant time: `isSameCredential`. */
        verifyHello(hello: Hello): boolean;
        /** A stream of the peer. `isEnd`: it has no body (the listener's `onEnd` is called as well). */
        onStream(stream: LinkStream, headPayload: Buffer, isEnd: boolean): StreamListener;
      };
}

export class Link implements StreamTransport {
  readonly limits: LinkLimits;
  readonly #socket: Socket;
  readonly #options: LinkOptions;
  readonly #batch = new WriteBatch();
  readonly #streams = new Map<number, LinkStream>();
  readonly #decoder: FrameDecoder;
  readonly #silence: SilenceWatch;
  readonly #runFlush = (): void => {
    this.#isFlushScheduled = false;
    this.#flush();
  };
  #state: "greeting" | "open" | "draining" | "closed" = "greeting";
  /** The initiator has not heard our GOAWAY: it may have opened streams meanwhile, and closes when it has. */
  #isPeerToClose = false;
  #lastStreamId = 0;
  #lastFlushedStreamId = 0;
  #firstReady: LinkStream | null = null;
  #lastReady: LinkStream | null = null;
  #isFlushScheduled = false;
  #needsDrain = false;
  #peerName = "";
  #wireVersion = 0;

  constructor(socket: Socket, options: LinkOptions) {
    this.#socket = socket;
    this.#options = options;
    this.limits = { ...DEFAULT_LINK_LIMITS, ...options.limits };
    this.#decoder = new FrameDecoder(
      (type, isEnd, streamId, payload) => this.#receive(type, isEnd, streamId, payload),
      { splitsData: true },
    );
    this.#silence = new SilenceWatch(this.limits, {
      onLateGreeting: (timeoutMs) => this.#end("timed-out", linkErrors.HANDSHAKE_TIMEOUT({ timeoutMs })),
      onQuiet: () => this.sendControl(FrameType.PING, 0, 0, null),
      onSilent: (silentMs) => this.#end("timed-out", linkErrors.PEER_SILENT({ silentMs })),
    });
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#receiveBytes(chunk));
    socket.on("drain", () => {
      this.#needsDrain = false;
      this.#flush();
    });
    socket.on("error", (error) => this.#end("failed", linkErrors.SOCKET_FAILED({ cause: error.message }, error)));
    socket.on("end", () => this.#end("peer-closed", linkErrors.PEER_CLOSED({})));
    socket.on("close", () => this.#end("peer-closed", linkErrors.PEER_CLOSED({})));
    if (options.role.type === "initiator") this.#sendHello(options.role.credential);
  }

  /** Whether `openStream` can succeed. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** What the other side calls itself. Empty before its HELLO. */
  get peerName(): string {
    return this.#peerName;
  }

  /** The version that both sides speak. 0 before the HELLOs. */
  get wireVersion(): number {
    return this.#wireVersion;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  /** Bytes of frames that the socket has not taken. Whoever opens streams with long heads keeps it well below `maxQueuedBytes`, where the link ends. */
  get unsentBytes(): number {
    return this.#batch.byteLength + this.#socket.writableLength;
  }

  /** Whether the head of a stream of ours may have left this process. False: it certainly never did. */
  wasWritten(streamId: number): boolean {
    return streamId <= this.#lastFlushedStreamId;
  }

  /**
   * Opens a stream with its head; `isEnd`: it has no body.
   * @returns null where the link is not open or has `maxStreamCount` streams: try another
   */
  openStream(headPayload: Buffer, listener: StreamListener, options: { isEnd: boolean }): LinkStream | null {
    if (this.#state !== "open" || this.#streams.size >= this.limits.maxStreamCount) return null;
    this.#lastStreamId += 1;
    const stream = new LinkStream(this, this.#lastStreamId, listener);
    this.#streams.set(stream.id, stream);
    this.sendControl(FrameType.HEAD, options.isEnd ? FLAG_END_STREAM : 0, stream.id, headPayload);
    if (options.isEnd) stream.endLocally();
    if (this.#lastStreamId === MAX_STREAM_ID) this.#drain(linkErrors.DRAINING({}).wire);
    return stream;
  }

  /** Takes no further streams, tells the peer so, and closes when the open ones have ended. */
  goaway(reason: WireError = linkErrors.DRAINING({}).wire): void {
    if (this.#state !== "open") return;
    this.sendControl(FrameType.GOAWAY, 0, 0, encodeWireError(reason));
    this.#isPeerToClose = this.#options.role.type === "acceptor";
    this.#drain(reason);
  }

  /** Resets all streams, each for its own reason; their listeners hear it too. Answers how many answers were not complete. */
  cutStreams(reasonFor: (listener: StreamListener) => WireError): number {
    return [...this.#streams.values()].filter((stream) => stream.cut(reasonFor)).length;
  }

  /** Tells the peer, at once, for how long it may hear nothing from here; 0: it will be answered again. */
  announceSilence(silenceMs: number): void {
    if (this.#state === "greeting") return;
    this.sendControl(FrameType.PING, 0, 0, encodeSilence(Math.ceil(silenceMs)));
    this.#flush();
  }

  /** Sends what is queued now, not at the end of the turn: before work that blocks the event loop. */
  flush(): void {
    this.#flush();
  }

  /** Ends the link at once; queued bytes are still sent, within `closeGraceMs`. Idempotent. */
  close(): void {
    this.#end("closed", linkErrors.CLOSED({}));
  }

  /** @internal */
  sendControl(type: FrameType, flags: number, streamId: number, payload: Buffer | null): void {
    if (this.#state === "closed") return;
    this.#batch.append(type, flags, streamId, payload);
    this.#scheduleFlush();
  }

  /** @internal */
  sendDataAtOnce(flags: number, streamId: number, payload: Buffer): boolean {
    // Nobody waits for a turn and the socket takes bytes: the frame that the ring would send next is this one.
    if (this.#firstReady !== null || this.#needsDrain || this.#batch.byteLength > FLUSH_BUDGET_BYTES) return false;
    if (this.#state === "closed") return false;
    this.#batch.append(FrameType.DATA, flags, streamId, payload);
    this.#scheduleFlush();
    return true;
  }

  /** @internal */
  markReady(stream: LinkStream): void {
    if (stream.isReady) return;
    stream.isReady = true;
    stream.nextReady = null;
    if (this.#lastReady === null) this.#firstReady = stream;
    else this.#lastReady.nextReady = stream;
    this.#lastReady = stream;
    if (!this.#needsDrain) this.#scheduleFlush();
  }

  /** @internal */
  release(stream: LinkStream): void {
    this.#streams.delete(stream.id);
    this.#closeWhenDrained();
  }

  /** @internal */
  fail(violation: string): void {
    this.#end("violated", linkErrors.VIOLATION({ what: violation }));
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    // After the poll phase, so that all sockets that were readable in this turn share one write.
    setImmediate(this.#runFlush);
  }

  #flush(): void {
    if (this.#state === "closed") return;
    let budgetBytes = this.#needsDrain ? 0 : FLUSH_BUDGET_BYTES - this.#batch.byteLength;
    while (budgetBytes > 0 && this.#firstReady !== null) {
      const stream = this.#takeReady(this.#firstReady);
      budgetBytes -= stream.takeTurn(this.#batch);
      if (stream.hasTurn) this.markReady(stream);
    }
    this.#writeBatch();
    if (this.#firstReady !== null && !this.#needsDrain) this.#scheduleFlush();
  }

  #writeBatch(): void {
    if (this.#socket.destroyed) return; // its close event comes; what is in the batch was never written
    this.#lastFlushedStreamId = this.#lastStreamId;
    this.#batch.writeTo(this.#socket);
    this.#needsDrain = this.#socket.writableNeedDrain;
    const queuedBytes = this.#socket.writableLength;
    const limitBytes = this.limits.maxQueuedBytes;
    if (queuedBytes > limitBytes) this.#end("stalled", linkErrors.PEER_STALLED({ queuedBytes, limitBytes }));
  }

  #takeReady(stream: LinkStream): LinkStream {
    this.#firstReady = stream.nextReady;
    if (this.#firstReady === null) this.#lastReady = null;
    stream.nextReady = null;
    stream.isReady = false;
    return stream;
  }

  #receiveBytes(chunk: Buffer): void {
    if (this.#state === "closed") return;
    this.#silence.heard();
    try {
      this.#decoder.push(chunk);
    } catch (thrown) {
      // The boundary to listeners: what they throw ends the link, with its cause, and not the process.
      const isViolation =
        isNanoError(thrown) &&
        (thrown.code === frameErrors.TOO_LARGE.code || thrown.code === frameErrors.UNKNOWN_TYPE.code);
      if (isViolation) this.fail(thrown.message);
      else this.#end("failed", linkErrors.LISTENER_THREW({ cause: toWireError(thrown).message }, thrown));
    }
  }

  #receive(type: FrameType, isEnd: boolean, streamId: number, payload: Buffer): void {
    if (this.#state === "closed") return;
    if (this.#state === "greeting") {
      this.#receiveGreeting(type, payload);
      return;
    }
    if (streamId === 0) {
      this.#receiveConnectionFrame(type, payload);
      return;
    }
    const stream = this.#streams.get(streamId);
    if (stream === undefined) {
      if (streamId > this.#lastStreamId) this.#receiveNewStream(type, isEnd, streamId, payload);
      else if (type === FrameType.HEAD && this.#options.role.type === "acceptor") {
        this.fail(`stream ${streamId} opened twice`);
      }
      // Else the stream ended here while this frame was on its way.
      return;
    }
    switch (type) {
      case FrameType.HEAD:
        stream.receiveHead(payload, isEnd);
        return;
      case FrameType.DATA:
        stream.receiveData(payload, isEnd);
        return;
      case FrameType.END:
        stream.receiveEnd();
        return;
      case FrameType.RESET:
        stream.receiveReset(decodeReason(payload));
        return;
      case FrameType.WINDOW:
        stream.receiveWindow(decodeWindow(payload));
        return;
      default:
        this.fail(`frame of type ${type} on stream ${streamId}`);
    }
  }

  #receiveNewStream(type: FrameType, isEnd: boolean, streamId: number, payload: Buffer): void {
    const { role } = this.#options;
    if (role.type === "initiator" || type !== FrameType.HEAD) {
      this.fail(`frame of type ${type} on stream ${streamId}, which was never opened`);
      return;
    }
    this.#lastStreamId = streamId;
    const stream = new LinkStream(this, streamId, null);
    this.#streams.set(streamId, stream);
    if (this.#state === "draining") {
      stream.reset(linkErrors.DRAINING({}).wire);
      return;
    }
    if (this.#streams.size > this.limits.maxStreamCount) {
      stream.reset(linkErrors.TOO_MANY_STREAMS({ limitCount: this.limits.maxStreamCount }).wire);
      return;
    }
    stream.attach(role.onStream(stream, payload, isEnd));
    if (isEnd) stream.endRemotely();
  }

  #receiveConnectionFrame(type: FrameType, payload: Buffer): void {
    switch (type) {
      case FrameType.PING:
        this.#receivePing(decodeSilence(payload));
        return;
      case FrameType.PONG:
        return;
      case FrameType.GOAWAY:
        this.#isPeerToClose = false;
        this.#drain(decodeReason(payload));
        this.#closeWhenDrained();
        return;
      default:
        this.fail(`frame of type ${type} on the connection`);
    }
  }

  #receivePing(silenceMs: number | null): void {
    if (silenceMs !== null) this.#silence.allow(silenceMs);
    this.sendControl(FrameType.PONG, 0, 0, null);
  }

  #receiveGreeting(type: FrameType, payload: Buffer): void {
    if (type === FrameType.GOAWAY) {
      this.#endWith("refused", decodeReason(payload));
      return;
    }
    const hello = type === FrameType.HELLO ? parseHello(payload) : null;
    if (hello === null) {
      this.fail("first frame is not a HELLO");
      return;
    }
    const wireVersion = Math.min(hello.newestVersion, WIRE_VERSION);
    if (wireVersion < Math.max(hello.oldestVersion, WIRE_VERSION_OLDEST)) {
      this.#refuse(
        linkErrors.VERSION_MISMATCH({
          peerOldest: hello.oldestVersion,
          peerNewest: hello.newestVersion,
          oldest: WIRE_VERSION_OLDEST,
          newest: WIRE_VERSION,
        }),
      );
      return;
    }
    const { role } = this.#options;
    if (role.type === "acceptor") {
      if (!role.verifyHello(hello)) {
        this.#refuse(linkErrors.CREDENTIAL_REFUSED({}));
        return;
      }
      this.#sendHello("");
    }
    this.#open(hello, wireVersion);
  }

  #open(hello: Hello, wireVersion: number): void {
    this.#peerName = hello.peer;
    this.#wireVersion = wireVersion;
    this.#state = "open";
    this.#silence.greeted({ isPrompt: hello.isPrompt === true });
    this.#options.onOpen?.(this, hello);
  }

  #sendHello(credential: string): void {
    const hello = encodeHello({
      oldestVersion: WIRE_VERSION_OLDEST,
      newestVersion: WIRE_VERSION,
      credential,
      peer: this.#options.peer,
      isPrompt: this.#options.isPrompt === true,
    });
    this.sendControl(FrameType.HELLO, 0, 0, hello);
  }

  #refuse(error: NanoError): void {
    this.sendControl(FrameType.GOAWAY, 0, 0, encodeWireError(error.wire));
    this.#end("refused", error);
  }

  #drain(reason: WireError): void {
    if (this.#state !== "open") return;
    this.#state = "draining";
    this.#options.onDraining?.(this, reason);
    this.#closeWhenDrained();
  }

  #closeWhenDrained(): void {
    if (this.#state !== "draining" || this.#streams.size > 0 || this.#isPeerToClose) return;
    setImmediate(() => this.close());
  }

  #end(type: LinkOutcome["type"], error: NanoError): void {
    this.#endWith(type, error.wire);
  }

  #endWith(type: LinkOutcome["type"], error: WireError): void {
    if (this.#state === "closed") return;
    this.#silence.stop();
    const mayFlush = type === "closed" || type === "refused";
    if (mayFlush) this.#writeBatch();
    if (this.isClosed) return; // that write found the peer stalled
    this.#state = "closed";
    if (mayFlush) this.#destroySoon();
    else this.#socket.destroy();
    this.#firstReady = null;
    this.#lastReady = null;
    const lost = linkErrors.LOST({ peer: this.#peerName || "peer", cause: error.message }).wire;
    for (const stream of [...this.#streams.values()]) stream.receiveReset(lost);
    this.#options.onClose?.({ type, error }, this);
  }

  #destroySoon(): void {
    this.#socket.destroySoon();
    if (this.#socket.destroyed) return;
    const grace = setTimeout(() => this.#socket.destroy(), this.limits.closeGraceMs);
    this.#socket.once("close", () => clearTimeout(grace));
  }
}

/** Whether it has all that its readers rely on. */
function isWhole({ code, message, reason, fault, retryable, httpStatus, details }: WireError): boolean {
  const texts = [code, message, reason, fault].every((each) => typeof each === "string");
  return texts && typeof retryable === "boolean" && Number.isInteger(httpStatus) && details instanceof Object;
}

/** The reason of a RESET or GOAWAY; where it does not decode, that is the reason. */
function decodeReason(payload: Buffer): WireError {
  try {
    const error = decodeWireError(payload);
    if (isWhole(error)) return error;
  } catch {
    // Falls through: the peer ended the stream, whatever it meant to say.
  }
  return linkErrors.VIOLATION({ what: "reason does not decode" }).wire;
}
