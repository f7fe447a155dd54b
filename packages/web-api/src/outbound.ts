/** What `new WebSocket(url)` does otherwise than an end of a pair: https://websockets.spec.whatwg.org/#the-websocket-interface */
import { Dial } from "./dial.ts";
import { isToken } from "./headers.ts";
import { createEvent, Event } from "./leaf/event.ts";
import { type EventTarget, eventTargetAccess } from "./leaf/event-target.ts";
import { MathMax, MathMin, MathTrunc } from "./leaf/intrinsics.ts";
import { domException } from "./leaf/make-dom-exception.ts";
import { toDOMString, toSequence, toUSVString } from "./leaf/webidl-convert.ts";
import { parseUrl } from "./parse-url.ts";
import {
  ArrayBufferPrototypeGetByteLength,
  StringPrototypeIndexOf,
  StringPrototypeSlice,
  StringPrototypeToLowerCase,
  SymbolIterator,
} from "./primordials.ts";
import { type SocketData, SocketEnd } from "./socket-end.ts";
import { encodeUtf8 } from "./utf8.ts";

const NORMAL = 1000;
/** A close frame without a code. */
const NO_STATUS = 1005;
const MAX_REASON_BYTES = 123;
const MAX_UNSIGNED_SHORT = 65_535;

/** The end of a WebSocket that begins to connect. @throws SyntaxError for what is no URL of a WebSocket, or no list of sub-protocols */
export function openOutbound(target: EventTarget, given: unknown, protocols: unknown): SocketEnd {
  const url = urlOf(toUSVString(given));
  const names = protocolsOf(protocols);
  const end = new SocketEnd();
  end.peer = new SocketEnd();
  end.peer.peer = end;
  end.isAccepted = true;
  end.binaryType = "blob";
  const dial = new Dial(end, () => eventTargetAccess.dispatch(target, createEvent(Event, "open", {})));
  end.outbound = { url, origin: originOf(url), extensions: "", dial, droppedBytes: 0 };
  end.target = target;
  dial.start(`http${StringPrototypeSlice(url, 2)}`, names);
  return end;
}

/** @throws InvalidStateError while it connects, TypeError for a message over the limit */
export function sendOutbound(end: SocketEnd, data: SocketData): void {
  const { outbound } = end;
  if (outbound === null) return;
  if (end.isCloseSent || end.isOver) {
    outbound.droppedBytes += ArrayBufferPrototypeGetByteLength(typeof data === "string" ? encodeUtf8(data) : data);
  } else if (outbound.dial !== null) {
    throw domException("InvalidStateError", "The WebSocket is not open yet");
  } else end.send(data);
}

/** @throws InvalidAccessError, SyntaxError */
export function closeOutbound(end: SocketEnd, givenCode: unknown, givenReason: unknown): void {
  const code = givenCode === undefined ? null : clampToShort(+(givenCode as number));
  const reason = givenReason === undefined ? null : toUSVString(givenReason);
  if (code !== null && code !== NORMAL && !(code >= 3000 && code <= 4999)) {
    throw domException(
      "InvalidAccessError",
      `Invalid WebSocket close code: ${code} is neither 1000 nor from 3000 to 4999`,
    );
  }
  if (reason !== null && ArrayBufferPrototypeGetByteLength(encodeUtf8(reason)) > MAX_REASON_BYTES) {
    throw domException("SyntaxError", `The close reason is longer than ${MAX_REASON_BYTES} bytes`);
  }
  const { outbound } = end;
  if (outbound === null || end.isCloseSent || end.isOver) return;
  if (outbound.dial === null) {
    end.close(code ?? (reason === null ? NO_STATUS : NORMAL), reason ?? "");
    return;
  }
  end.isCloseSent = true;
  outbound.dial.cancel();
}

function urlOf(input: string): string {
  const href = parseUrl(input);
  if (href === undefined) throw domException("SyntaxError", `new WebSocket: invalid URL: ${input}`);
  const colon = StringPrototypeIndexOf(href, ":");
  const scheme = StringPrototypeSlice(href, 0, colon);
  if (scheme !== "ws" && scheme !== "wss" && scheme !== "http" && scheme !== "https") {
    throw domException("SyntaxError", `new WebSocket: the URL's scheme is neither ws nor wss: ${scheme}`);
  }
  if (StringPrototypeIndexOf(href, "#") >= 0)
    throw domException("SyntaxError", "new WebSocket: the URL has a fragment");
  return `${scheme === "ws" || scheme === "http" ? "ws" : "wss"}${StringPrototypeSlice(href, colon)}`;
}

/** Of a serialised URL without credentials; one with them is refused later. */
function originOf(url: string): string {
  const slash = StringPrototypeIndexOf(url, "/", StringPrototypeIndexOf(url, "://") + 3);
  return slash < 0 ? url : StringPrototypeSlice(url, 0, slash);
}

/** `(DOMString or sequence<DOMString>)` as the value of a header. */
function protocolsOf(given: unknown): string {
  if (given === undefined) return "";
  const isList =
    (typeof given === "object" || typeof given === "function") &&
    given !== null &&
    (given as { [SymbolIterator]?: unknown })[SymbolIterator] !== undefined &&
    (given as { [SymbolIterator]?: unknown })[SymbolIterator] !== null;
  const list = isList ? toSequence(given, "new WebSocket") : [given];
  const seen: string[] = [];
  let value = "";
  for (let i = 0; i < list.length; i++) {
    const name = toDOMString(list[i]);
    const lower = StringPrototypeToLowerCase(name);
    let isKnown = false;
    for (let k = 0; k < seen.length; k++) if (seen[k] === lower) isKnown = true;
    if (isKnown || !isToken(name)) {
      throw domException("SyntaxError", `new WebSocket: '${name}' is no sub-protocol, or is there twice`);
    }
    seen[i] = lower;
    value += i === 0 ? name : `, ${name}`;
  }
  return value;
}

/** `[Clamp] unsigned short`; a half goes to the even number. */
function clampToShort(number: number): number {
  if (!(number > -Infinity)) return 0;
  const clamped = MathMin(MathMax(number, 0), MAX_UNSIGNED_SHORT);
  const below = MathTrunc(clamped);
  const rest = clamped - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
}
