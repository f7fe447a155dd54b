/** WebSocketPair as Workers have it: two WebSockets that are connected to each other. */
import { finishInterface } from "./leaf/webidl.ts";
import {
  IteratorPrototype,
  ObjectDefineProperty,
  ObjectSetPrototypeOf,
  ReflectDeleteProperty,
  SymbolIterator,
} from "./primordials.ts";
import { createPair, type WebSocket } from "./websocket.ts";

export class WebSocketPair {
  readonly #sockets: readonly [WebSocket, WebSocket];

  constructor() {
    const sockets = createPair();
    this.#sockets = sockets;
    defineSocket(this, 0, sockets[0]);
    defineSocket(this, 1, sockets[1]);
  }

  [SymbolIterator](): SocketIterator {
    return new SocketIterator(this.#sockets);
  }
}

class SocketIterator {
  readonly #sockets: readonly [WebSocket, WebSocket];
  #index = 0;

  constructor(sockets: readonly [WebSocket, WebSocket]) {
    this.#sockets = sockets;
  }

  next(): IteratorResult<WebSocket, undefined> {
    const value = this.#sockets[this.#index];
    if (value === undefined) return { value, done: true };
    this.#index++;
    return { value, done: false };
  }
}

finishInterface(WebSocketPair, "WebSocketPair");
// As iterators of Web IDL are: without a constructor.
const iteratorPrototype = SocketIterator.prototype;
ObjectSetPrototypeOf(iteratorPrototype, IteratorPrototype);
ReflectDeleteProperty(iteratorPrototype, "constructor");

function defineSocket(pair: WebSocketPair, index: number, socket: WebSocket): void {
  ObjectDefineProperty(pair, index, { __proto__: null, value: socket, enumerable: true, configurable: true } as never);
}
