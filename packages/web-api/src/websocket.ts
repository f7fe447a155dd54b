// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/** WebSocket of the WebSockets standard; and as Workers have it: an end of a WebSocketPair. */
import { defineEventHandler, EventTarget } from "./leaf/event-target.ts";
import { MathTrunc, StringPrototypeToWellFormed } from "./leaf/intrinsics.ts";
import { domException } from "./leaf/make-dom-exception.ts";
import { defineConstants, finishInterface } from "./leaf/webidl.ts";
import { requireArguments, toUSVString } from "./leaf/webidl-convert.ts";
import { ArrayBufferPrototypeGetByteLength } from "./primordials.ts";
import { toSocketData } from "./socket-data.ts";
import { SocketEnd } from "./socket-end.ts";
import { encodeUtf8 } from "./utf8.ts";

// The build turns this into the call of the module's wrapper: most apps connect to nobody.
declare const require: (path: "./outbound.ts") => typeof import("./outbound.ts");

/** In place of a URL: the second argument is the end. Held here alone. */
const CREATE = Symbol();

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

const MAX_REASON_BYTES = 123;
/** A close frame without a code. */
const NO_STATUS = 1005;

let endOf: (socket: WebSocket) => SocketEnd;
/** Whether a value is a WebSocket of this platform. */
export let isWebSocket: (value: unknown) => value is WebSocket;

export class WebSocket extends EventTarget {
  readonly #end: SocketEnd;

  static {
    endOf = (socket) => socket.#end;
    isWebSocket = (value): value is WebSocket => typeof value === "object" && value !== null && #end in value;
  }

  constructor(url: unknown, protocols: unknown = undefined) {
    requireArguments(arguments.length, 1, "new WebSocket");
    super();
    this.#end = url === CREATE ? (protocols as SocketEnd) : require("./outbound.ts").openOutbound(this, url, protocols);
    this.#end.target = this;
  }

  get url(): string | null {
    const { outbound } = this.#end;
    return outbound === null ? null : outbound.url;
  }

  get readyState(): number {
    const { isOver, isCloseSent, outbound } = this.#end;
    if (isOver) return CLOSED;
    if (isCloseSent) return CLOSING;
    return outbound === null || outbound.dial === null ? OPEN : CONNECTING;
  }

  get bufferedAmount(): number {
    const { outbound } = this.#end;
    return this.#end.bufferedBytes() + (outbound === null ? 0 : outbound.droppedBytes);
  }

  get protocol(): string {
    return this.#end.protocol;
  }

  get extensions(): string {
    const { outbound } = this.#end;
    return outbound === null ? "" : outbound.extensions;
  }

  get binaryType(): string {
    return this.#end.binaryType;
  }

  set binaryType(value: unknown) {
    const end = this.#end;
    const type = `${value as string}`;
    // An enumeration of Web IDL: all else is ignored.
    if (type === "arraybuffer" || type === "blob") end.binaryType = type;
  }

  accept(): void {
    this.#end.accept();
  }

  send(data: unknown): void {
    const end = this.#end;
    requireArguments(arguments.length, 1, "WebSocket.send");
    const message = typeof data === "string" ? StringPrototypeToWellFormed(data) : toSocketData(data);
    if (end.outbound === null) end.send(message);
    else require("./outbound.ts").sendOutbound(end, message);
  }

  close(code: unknown = undefined, reason: unknown = undefined): void {
    const end = this.#end;
    if (end.outbound !== null) {
      require("./outbound.ts").closeOutbound(end, code, reason);
      return;
    }
    const codeNumber = code === undefined ? NO_STATUS : MathTrunc(+(code as number));
    const reasonText = reason === undefined ? "" : toUSVString(reason);
    checkClose(code !== undefined, codeNumber, reasonText);
    end.close(codeNumber, reasonText);
  }
}

finishInterface(WebSocket, "WebSocket");
defineConstants(WebSocket, [
  ["CONNECTING", CONNECTING],
  ["OPEN", OPEN],
  ["CLOSING", CLOSING],
  ["CLOSED", CLOSED],
  // As Workers have called them before.
  ["READY_STATE_CONNECTING", CONNECTING],
  ["READY_STATE_OPEN", OPEN],
  ["READY_STATE_CLOSING", CLOSING],
  ["READY_STATE_CLOSED", CLOSED],
]);
defineEventHandler(WebSocket.prototype, "open", undefined, endOf);
defineEventHandler(WebSocket.prototype, "message", undefined, endOf);
defineEventHandler(WebSocket.prototype, "close", undefined, endOf);
defineEventHandler(WebSocket.prototype, "error", undefined, endOf);

/** Both ends of a new connection within the app. */
export function createPair(): readonly [WebSocket, WebSocket] {
  const first = new SocketEnd();
  const second = new SocketEnd();
  first.peer = second;
  second.peer = first;
  return [new WebSocket(CREATE, first), new WebSocket(CREATE, second)];
}

/** A WebSocket over an end that exists already. */
export function socketOver(end: SocketEnd): WebSocket {
  return new WebSocket(CREATE, end);
}

/** The end behind a WebSocket. */
export function socketEnd(socket: WebSocket): SocketEnd {
  return endOf(socket);
}

/** @throws InvalidAccessError, SyntaxError for what no close frame may hold */
function checkClose(hasCode: boolean, code: number, reason: string): void {
  if (!hasCode) {
    // Without a code there is no room for a reason.
    if (reason === "") return;
    throw domException("InvalidAccessError", "If you specify a WebSocket close reason, you must also specify a code.");
  }
  // Of RFC 6455, 7.4: those that a frame may hold, but the ones that no registry has.
  const isAllowed = (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999);
  if (!isAllowed) throw domException("InvalidAccessError", `Invalid WebSocket close code: ${code}.`);
  if (reason === "") return;
  if (ArrayBufferPrototypeGetByteLength(encodeUtf8(reason)) > MAX_REASON_BYTES) {
    throw domException("SyntaxError", `The close reason is longer than ${MAX_REASON_BYTES} bytes`);
  }
}
