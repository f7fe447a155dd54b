/**
 * WebSockets to other servers: what asks for one, and the end of it that the host has.
 *
 *   new WebSocket(url) ─▶ connecting ──101──▶ open ──▶ closing ──▶ over     events as the WebSockets standard has them
 *                             └──refused, failed, closed by the app──▶ error, close 1006
 *   fetch with upgrade ─▶ its call ──101──▶ `response.webSocket`            an end as of a WebSocketPair: `accept` begins it
 */
import { GuestEvent, HostOp } from "./boundary.ts";
import { addCall, type Call, nextCallId, removeCall } from "./calls.ts";
import { HeaderList } from "./header-list.ts";
import { callHost } from "./host.ts";
import { PromisePrototypeThen, PromiseResolve } from "./primordials.ts";
import { SocketEnd } from "./socket-end.ts";

const SWITCHING_PROTOCOLS = 101;
const ABNORMAL = 1006;

/** The app's end of a WebSocket that a server accepted; the other one is the host's. @param id of the call that asked for it */
export function dialedEnd(id: number, headers: HeaderList): SocketEnd {
  const end = new SocketEnd();
  end.protocol = headers.get("sec-websocket-protocol") ?? "";
  connectToHost(end, id);
  return end;
}

/** What the server sent, or its end. */
export function receiveDialed(end: SocketEnd, event: number, a: unknown, b: unknown, c: unknown): void {
  if (event === GuestEvent.DIAL_MESSAGE) {
    // The standard drops what comes once the app has closed it.
    if (end.outbound === null || !end.isCloseSent) end.peer.receive(a as string | ArrayBuffer);
  } else if (event === GuestEvent.DIAL_CLOSED) {
    const wasClean = c === true;
    const text = b as string;
    end.peer.end({ code: a as number, reason: wasClean ? text : "", wasClean, failure: wasClean ? "" : text });
  }
}

/** `new WebSocket(url)` under way; its id is that of its call. */
export class Dial implements Call {
  readonly #id = nextCallId();
  readonly #end: SocketEnd;
  readonly #onOpen: () => void;

  /** @param onOpen fires the event */
  constructor(end: SocketEnd, onOpen: () => void) {
    this.#end = end;
    this.#onOpen = onOpen;
  }

  /** @param url with http or https. @throws Error while the app initialises without a host */
  start(url: string, protocols: string): void {
    const headers = new HeaderList();
    if (protocols !== "") headers.append("sec-websocket-protocol", protocols);
    const refusal = callHost(HostOp.DIAL, this.#id, url, headers.toBlock(), "error");
    if (typeof refusal === "string") this.#failSoon(refusal);
    else addCall(this.#id, this);
  }

  /** The app closes it before it is open. */
  cancel(): void {
    removeCall(this.#id);
    callHost(HostOp.FETCH_CANCEL, this.#id);
    this.#failSoon("The WebSocket was closed before the connection was established");
  }

  receive(event: number, a: unknown, b: unknown, c: unknown, _d: unknown): void {
    switch (event) {
      case GuestEvent.FETCH_HEAD:
        this.#open(a as number, c as string);
        return;
      case GuestEvent.FETCH_ERROR:
        removeCall(this.#id);
        this.#fail(a as string);
        return;
      case GuestEvent.DIAL_CLOSED:
        removeCall(this.#id);
    }
    receiveDialed(this.#end, event, a, b, c);
  }

  #open(status: number, block: string): void {
    const end = this.#end;
    const { outbound } = end;
    if (outbound === null) return;
    if (status !== SWITCHING_PROTOCOLS) {
      removeCall(this.#id);
      callHost(HostOp.FETCH_CANCEL, this.#id);
      this.#fail(`The server answered with status ${status} in place of a WebSocket`);
      return;
    }
    const headers = new HeaderList(block);
    end.protocol = headers.get("sec-websocket-protocol") ?? "";
    outbound.extensions = headers.get("sec-websocket-extensions") ?? "";
    outbound.dial = null;
    connectToHost(end, this.#id);
    this.#onOpen();
  }

  #failSoon(message: string): void {
    // Not at once: its listeners are not there yet.
    PromisePrototypeThen(PromiseResolve(undefined), () => this.#fail(message));
  }

  #fail(failure: string): void {
    this.#end.peer.end({ code: ABNORMAL, reason: "", wasClean: false, failure });
  }
}

/** The other end of `end` is the host's. */
function connectToHost(end: SocketEnd, id: number): void {
  const remote = end.peer === end ? new SocketEnd() : end.peer;
  remote.peer = end;
  end.peer = remote;
  remote.isDialed = true;
  remote.runId = id;
}
