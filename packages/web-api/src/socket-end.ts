/**
 * One end of a WebSocketPair: what its peer sent waits here until it is taken.
 *
 *   idle ──accept──▶ accepted      its WebSocket is the app's
 *     └───connect──▶ connected     it was given away with a Response: what comes here goes to the client
 *
 * A WebSocket to another server has two ends as well: one whose WebSocket the app has, and the host's, which is connected and `isDialed`.
 *
 * I1 No object of this file is reached by tenant code, and no method of it throws because of what a listener does. So the fields that a
 *    message touches are plain: private ones take the interpreter longer.
 * I2 What waits is bounded by MAX_QUEUED_BYTES, or is one message if that is larger.
 * I3 Messages and the close are delivered in the order in which they came; nothing after the close.
 */
import { HostOp } from "./boundary.ts";
import { callHost } from "./host.ts";
import type { Event } from "./leaf/event.ts";
import { type EventTarget, eventTargetAccess } from "./leaf/event-target.ts";
import { trustedCloseEvent, trustedErrorEvent, trustedMessageEvent } from "./leaf/other-events.ts";
import { ArrayBufferPrototypeGetByteLength, TypeErrorCtor } from "./primordials.ts";
import { reportError } from "./report-error.ts";
import { startTimer } from "./timers.ts";

interface Modules {
  "./leaf/blob.ts": typeof import("./leaf/blob.ts");
  "./thrown.ts": typeof import("./thrown.ts");
}
// The build turns this into the call of the module's wrapper: most apps want no blobs.
declare const require: <Path extends keyof Modules>(path: Path) => Modules[Path];

export type SocketData = string | ArrayBuffer;

/** How a connection ended: `code` 1005 for none, 1006 for a connection that was lost. */
export interface SocketClose {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
  /** Why it failed, for the `error` event of a WebSocket to another server. @default "" */
  readonly failure?: string;
}

/** What the end of `new WebSocket(url)` has beside others: it behaves as the standard says, and not as ends of pairs do. */
export interface Outbound {
  readonly url: string;
  readonly origin: string;
  extensions: string;
  /** Null: it is open, or was. */
  dial: { cancel(): void } | null;
  /** Bytes that the app sent after the close. */
  droppedBytes: number;
}

interface Item {
  readonly data: SocketData | null;
  readonly close: SocketClose | null;
  readonly bytes: number;
  next: Item | null;
}

const MAX_QUEUED_BYTES = 16 * 1024 * 1024;
/** What a message costs beside its text or bytes. */
const ITEM_BYTES = 64;
const ABNORMAL = 1006;
const TOO_BIG = 1009;
const TRY_LATER = 1013;
const NOT_ACCEPTED = "You must call accept() on this WebSocket before sending messages.";

export class SocketEnd {
  /** The other end; set by who makes both. */
  peer: SocketEnd = this;
  /** The WebSocket that hears what comes here. */
  target: EventTarget | null = null;
  binaryType: "arraybuffer" | "blob" = "arraybuffer";
  protocol = "";
  isAccepted = false;
  /** This end asked for the close. */
  isCloseSent = false;
  /** The close came here: nothing more does. */
  isOver = false;
  /** The request whose client it leads to, or the call that asked a server for it (`isDialed`). */
  runId: number | null = null;
  isDialed = false;
  outbound: Outbound | null = null;
  /** The host closes the connection by itself: what is sent is dropped. */
  isCut = false;
  first: Item | null = null;
  last: Item | null = null;
  queuedBytes = 0;
  isScheduled = false;

  get isConnected(): boolean {
    return this.runId !== null;
  }

  /** @throws TypeError where it was given away */
  accept(): void {
    if (this.isConnected) throw new TypeErrorCtor("Can't accept() WebSocket that was already used in a response.");
    if (this.isAccepted) return;
    this.isAccepted = true;
    this.#schedule();
  }

  /** @throws TypeError before `accept`, after `close`, for what the host refuses */
  send(data: SocketData): void {
    if (this.isCloseSent) throw new TypeErrorCtor("Can't call WebSocket send() after close().");
    if (this.isOver || this.runId !== null) return;
    if (!this.isAccepted) throw new TypeErrorCtor(NOT_ACCEPTED);
    this.peer.take(data);
  }

  /** Asks for the close, once. @throws TypeError before `accept` */
  close(code: number, reason: string): void {
    if (this.isCloseSent || this.isOver || this.isConnected) return;
    if (!this.isAccepted) throw new TypeErrorCtor(NOT_ACCEPTED);
    this.#sendClose(code, reason);
  }

  /** Bytes that were sent from here and have not left. */
  bufferedBytes(): number {
    const { peer } = this;
    if (peer.runId !== null) {
      const op = peer.isDialed ? HostOp.DIAL_BUFFERED : HostOp.SOCKET_BUFFERED;
      const bytes = peer.isCut || this.isOver ? 0 : callHost(op, peer.runId);
      return typeof bytes === "number" ? bytes : 0;
    }
    let bytes = 0;
    for (let item = peer.first; item !== null; item = item.next) bytes += item.bytes;
    return bytes;
  }

  /**
   * Gives this end to the client of a request, which gets what waits here.
   *
   * @throws TypeError where it was used, or the host refuses
   */
  connect(runId: number, headers: string, protocol: string): void {
    if (this.isConnected || (this.peer.isConnected && !this.peer.isDialed)) {
      throw new TypeErrorCtor("Can't return WebSocket that was already used in a response.");
    }
    if (this.isAccepted) throw new TypeErrorCtor("Can't return WebSocket in a Response after calling accept().");
    const answer = callHost(HostOp.UPGRADE, runId, headers);
    if (answer !== true) {
      throw new TypeErrorCtor(typeof answer === "string" ? answer : "The request cannot be upgraded to a WebSocket");
    }
    this.runId = runId;
    this.peer.protocol = protocol;
    for (let item = this.#shift(); item !== null; item = this.#shift()) {
      if (item.close !== null) this.#closeHost(item.close.code, item.close.reason);
      else {
        const refusal = this.sendToHost(runId, item.data as SocketData);
        if (refusal !== null) this.peer.reportThrown(new TypeErrorCtor(refusal));
      }
    }
  }

  /** A message of the client, for the other end. */
  receive(data: SocketData): void {
    const { peer } = this;
    if (peer.isOver) return;
    if (peer.runId !== null) {
      this.#forward(peer.runId, data);
      return;
    }
    if (peer.isAccepted && peer.first === null) peer.dispatchMessage(data);
    else if (!peer.#push(data, null)) this.#refuse();
  }

  /** The client's connection is over: the other end hears of it, after what waits for it. */
  end(close: SocketClose): void {
    const { peer } = this;
    this.isCut = true;
    if (peer.isOver) return;
    if (peer.runId !== null) {
      peer.#closeHost(close.code, close.reason);
      return;
    }
    peer.#push(null, close);
    while (peer.isAccepted && peer.first !== null) peer.#deliver();
  }

  take(data: SocketData): void {
    if (this.runId !== null) {
      const refusal = this.sendToHost(this.runId, data);
      if (refusal !== null) throw new TypeErrorCtor(refusal);
      return;
    }
    if (!this.#push(data, null)) throw new TypeErrorCtor("Too much waits for the other end of the WebSocketPair.");
    this.#schedule();
  }

  #sendClose(code: number, reason: string): void {
    this.isCloseSent = true;
    const { peer } = this;
    if (peer.runId !== null) {
      peer.#closeHost(code, reason);
      return;
    }
    peer.#push(null, { code, reason, wasClean: true });
    peer.#schedule();
  }

  /** Answers why it was refused, or null. */
  sendToHost(runId: number, data: SocketData): string | null {
    if (this.isCut) return null;
    const answer = callHost(this.isDialed ? HostOp.DIAL_SEND : HostOp.SOCKET_SEND, runId, data);
    if (typeof answer === "string") return answer;
    if (typeof answer !== "number") this.isCut = true;
    return null;
  }

  /** More came than the app took. */
  #refuse(): void {
    if (this.isCut || this.runId === null) return;
    this.#closeHost(TRY_LATER, "ws_inbound_buffer");
    this.isCut = true;
  }

  /** Of an end that the host has. */
  #closeHost(code: number, reason: string): void {
    if (this.isCut || this.runId === null) return;
    callHost(this.isDialed ? HostOp.DIAL_CLOSE : HostOp.SOCKET_CLOSE, this.runId, code, reason);
  }

  /** The host has both ends: a server's answer was given to a client. */
  #forward(runId: number, data: SocketData): void {
    if (this.peer.sendToHost(runId, data) === null) return;
    this.peer.#closeHost(TOO_BIG, "");
    this.#closeHost(TOO_BIG, "");
    this.isCut = true;
  }

  /** False: too much waits. A close always finds room. */
  #push(data: SocketData | null, close: SocketClose | null): boolean {
    const bytes =
      data === null ? 0 : typeof data === "string" ? data.length * 2 : ArrayBufferPrototypeGetByteLength(data);
    const queuedBytes = this.queuedBytes + bytes + ITEM_BYTES;
    if (data !== null && this.first !== null && queuedBytes > MAX_QUEUED_BYTES) return false;
    this.queuedBytes = queuedBytes;
    const item: Item = { data, close, bytes, next: null };
    if (this.last === null) this.first = item;
    else this.last.next = item;
    this.last = item;
    return true;
  }

  #shift(): Item | null {
    const item = this.first;
    if (item === null) return null;
    this.first = item.next;
    if (item.next === null) this.last = null;
    this.queuedBytes -= item.bytes + ITEM_BYTES;
    return item;
  }

  #schedule(): void {
    if (!this.isAccepted || this.isScheduled || this.first === null) return;
    startTimer(0, () => {
      this.isScheduled = false;
      this.#deliver();
    });
    this.isScheduled = true;
  }

  /** Delivers what came first. */
  #deliver(): void {
    const item = this.#shift();
    if (item === null || this.isOver) return;
    if (item.close !== null) {
      this.#dispatchClose(item.close);
      return;
    }
    // The next one first: what a listener throws or does must not lose it.
    this.#scheduleSafely();
    this.dispatchMessage(item.data as SocketData);
  }

  #scheduleSafely(): void {
    try {
      this.#schedule();
    } catch (reason) {
      // Too many timers: what waits is delivered with the next message or the close.
      this.reportThrown(reason);
    }
  }

  dispatchMessage(data: SocketData): void {
    try {
      const value =
        typeof data === "string" || this.binaryType === "arraybuffer"
          ? data
          : require("./leaf/blob.ts").blobOfBytes(data, "");
      eventTargetAccess.dispatch(this.target as EventTarget, this.#messageEvent(value), this.onThrown);
    } catch (reason) {
      // Not enough memory, or an app that took the interfaces apart.
      this.reportThrown(reason);
    }
  }

  #messageEvent(value: unknown): Event {
    return this.outbound === null ? trustedMessageEvent(value) : trustedMessageEvent(value, null, this.outbound.origin);
  }

  #dispatchClose(close: SocketClose): void {
    const mustAnswer = !this.isCloseSent && this.peer.runId === null;
    this.isOver = true;
    // The answer to a close is sent by the platform; a connection that was lost gets none, and `send` goes on without effect.
    if (close.wasClean) this.isCloseSent = true;
    try {
      const target = this.target as EventTarget;
      if (!close.wasClean && (close.code !== ABNORMAL || this.outbound !== null)) {
        const message = close.failure || close.reason;
        const error = close.failure ? new TypeErrorCtor(message) : undefined;
        const state = { message, filename: "", lineno: 0, colno: 0, error };
        eventTargetAccess.dispatch(target, trustedErrorEvent(state, false), this.onThrown);
      }
      eventTargetAccess.dispatch(target, trustedCloseEvent(close), this.onThrown);
      if (mustAnswer) this.#sendClose(close.code, close.reason);
    } catch (reason) {
      this.reportThrown(reason);
    }
  }

  readonly onThrown = (reason: unknown): void => this.reportThrown(reason);

  reportThrown(reason: unknown): void {
    const runId = this.peer.runId;
    if (runId === null || this.peer.isDialed) {
      reportError(reason);
      return;
    }
    const { name, message, stack } = require("./thrown.ts").describeThrown(reason);
    callHost(HostOp.SOCKET_THREW, runId, name, message, stack);
  }
}
