// biome-ignore-all lint/complexity/noArguments: Web IDL counts the arguments that were passed
/**
 * MessageChannel and MessagePort of the HTML standard, within one context. A message is delivered in a task of its own: a
 * timer of the host, of which each port has at most one running.
 */
import { ArrayPrototypePush, ArrayPrototypeShift, SymbolIterator, TypeErrorCtor } from "../primordials.ts";
import { startTimer } from "../timers.ts";
import { deserialize } from "./clone-deserialize.ts";
import { cloneHooks } from "./clone-hooks.ts";
import type { CloneRecord } from "./clone-record.ts";
import { serialize } from "./clone-serialize.ts";
import { Event } from "./event.ts";
import { defineEventHandler, EventTarget, eventTargetAccess } from "./event-target.ts";
import { domException } from "./make-dom-exception.ts";
import { trustedMessageEvent } from "./other-events.ts";
import { finishInterface } from "./webidl.ts";
import { requireArguments, toDictionary, toObjectSequence } from "./webidl-convert.ts";

/** What the constructor of MessagePort wants to see: held here alone. */
const CREATE = Symbol();

/** One end of a channel; it outlives the port object that it is transferred away from. */
interface Endpoint {
  readonly queue: CloneRecord[];
  peer: Endpoint | null;
  port: MessagePort | null;
  isStarted: boolean;
  isScheduled: boolean;
  /** The other end was closed: told once what waits here is delivered. */
  isClosing: boolean;
}

let endpointOf: (port: MessagePort) => Endpoint | null;
let detach: (port: MessagePort) => void;
let isPort: (value: object) => boolean;

export class MessagePort extends EventTarget {
  /** Null once it was transferred or closed. */
  #endpoint: Endpoint | null;

  static {
    endpointOf = (port) => port.#endpoint;
    detach = (port) => {
      port.#endpoint = null;
    };
    isPort = (value) => #endpoint in value;
  }

  constructor(token: unknown = undefined, endpoint: unknown = undefined) {
    if (token !== CREATE) throw new TypeErrorCtor("Illegal constructor");
    super();
    this.#endpoint = endpoint as Endpoint;
    this.#endpoint.port = this;
  }

  postMessage(message: unknown, options: unknown = undefined): void {
    const endpoint = this.#endpoint;
    requireArguments(arguments.length, 1, "MessagePort.postMessage");
    const transfer = transferListOf(options);
    for (let i = 0; i < transfer.length; i++) {
      if (transfer[i] === this) throw domException("DataCloneError", "A port cannot transfer itself");
    }
    const record = serialize(message, transfer);
    const peer = endpoint?.peer;
    if (peer === null || peer === undefined) return;
    ArrayPrototypePush(peer.queue, record);
    schedule(peer);
  }

  start(): void {
    const endpoint = this.#endpoint;
    if (endpoint === null) return;
    endpoint.isStarted = true;
    schedule(endpoint);
  }

  close(): void {
    const endpoint = this.#endpoint;
    if (endpoint === null) return;
    this.#endpoint = null;
    endpoint.port = null;
    const { peer } = endpoint;
    if (peer === null) return;
    endpoint.peer = null;
    peer.peer = null;
    peer.isClosing = true;
    schedule(peer);
  }
}

finishInterface(MessagePort, "MessagePort");
const startByHandler = (port: MessagePort): void => {
  const endpoint = endpointOf(port);
  if (endpoint === null) return;
  endpoint.isStarted = true;
  schedule(endpoint);
};
defineEventHandler(MessagePort.prototype, "message", startByHandler, endpointOf);
defineEventHandler(MessagePort.prototype, "messageerror", undefined, endpointOf);
defineEventHandler(MessagePort.prototype, "close", undefined, endpointOf);

export class MessageChannel {
  readonly #port1: MessagePort;
  readonly #port2: MessagePort;

  constructor() {
    const first = createEndpoint(null);
    const second = createEndpoint(first);
    first.peer = second;
    this.#port1 = new MessagePort(CREATE, first);
    this.#port2 = new MessagePort(CREATE, second);
  }

  get port1(): MessagePort {
    return this.#port1;
  }

  get port2(): MessagePort {
    return this.#port2;
  }
}

finishInterface(MessageChannel, "MessageChannel");

cloneHooks.isPort = isPort;
cloneHooks.takePort = (value) => {
  const port = value as MessagePort;
  const endpoint = endpointOf(port);
  if (endpoint === null)
    throw domException("DataCloneError", "A port that was closed or transferred cannot be transferred");
  detach(port);
  endpoint.port = null;
  endpoint.isStarted = false;
  return endpoint;
};
cloneHooks.makePort = (taken) => new MessagePort(CREATE, taken);

function createEndpoint(peer: Endpoint | null): Endpoint {
  return { queue: [], peer, port: null, isStarted: false, isScheduled: false, isClosing: false };
}

function schedule(endpoint: Endpoint): void {
  const hasMessage = endpoint.isStarted && endpoint.queue.length > 0;
  if (endpoint.isScheduled || !(hasMessage || endpoint.isClosing)) return;
  endpoint.isScheduled = true;
  startTimer(0, () => deliver(endpoint));
}

function deliver(endpoint: Endpoint): void {
  endpoint.isScheduled = false;
  const { port } = endpoint;
  if (port === null) return;
  if (endpoint.isClosing && (!endpoint.isStarted || endpoint.queue.length === 0)) {
    endpoint.isClosing = false;
    eventTargetAccess.dispatch(port, new Event("close"));
    return;
  }
  if (!endpoint.isStarted) return;
  const record = ArrayPrototypeShift(endpoint.queue) as CloneRecord | undefined;
  if (record === undefined) return;
  // The next one first: what a listener throws or does must not lose it.
  schedule(endpoint);
  let event: Event;
  try {
    const { value, ports } = deserialize(record);
    event = trustedMessageEvent(value, ports);
  } catch {
    // Not enough memory for the value, or too deep a one.
    event = new Event("messageerror");
  }
  eventTargetAccess.dispatch(port, event);
}

/** `postMessage(message, transfer)` or `postMessage(message, { transfer })`. */
function transferListOf(options: unknown): unknown[] {
  if (typeof options === "object" && options !== null) {
    const method = (options as { [SymbolIterator]?: unknown })[SymbolIterator];
    if (method !== undefined && method !== null) return toObjectSequence(options, "MessagePort.postMessage");
  }
  const { transfer } = toDictionary(options, "MessagePort.postMessage");
  return transfer === undefined ? [] : toObjectSequence(transfer, "MessagePort.postMessage");
}
